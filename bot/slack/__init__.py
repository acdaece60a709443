"""Slack: listeners, identity, views and the live card."""
