"""Outcomes and snapshots to Block Kit: pure, built with slack_sdk's models."""
