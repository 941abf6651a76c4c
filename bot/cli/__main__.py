"""`python -m bot.cli`, as from a checkout."""

from bot.cli import main

main()
