"""The `crr` command."""

from crr.cli.main import app

__all__ = ["app"]
