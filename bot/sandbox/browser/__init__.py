"""The demo in a browser: a page that draws the local Slack, and the API behind it."""
