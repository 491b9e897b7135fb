"""`python -m crr` is the `crr` command."""

from crr.cli import app

app()
