"""A local Slack, and the demo that talks to it."""
