"""The command line `usegap`: a file a group of commands."""

from bot.cli.application import main

__all__ = ["main"]
