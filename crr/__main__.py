"""`python -m crr` is the `crr` command."""

from crr.cli.main import app

app()
