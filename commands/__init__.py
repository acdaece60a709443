"""What can be asked of the bot, and whether it may be done: plain Python, no I/O.

The package knows no Slack, HTTP, SQL or event loop. It reaches the world through the
protocols of `commands.ports`, which `bot` fulfils.
"""
