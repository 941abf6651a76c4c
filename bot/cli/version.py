"""The version of the program: this is where it is said."""

__version__ = "0.1.0"
