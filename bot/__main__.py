"""`python -m bot` is `sms-bot`."""

from bot.cli import main

main()
