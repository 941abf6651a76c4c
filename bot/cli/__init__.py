"""The command line `usegap`: a file a group of commands."""

from bot.cli.program import main

__all__ = ["main"]
