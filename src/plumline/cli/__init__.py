"""The command line: one file a verb. Nothing heavy is imported before the chosen verb runs."""

from plumline.cli.app import main

__all__ = ["main"]
