"""The `crr` command: arguments in, one call into the library, results out.

Begin with `main.py`, which lists the commands; `options.py` has their options, `support.py` what they
share, `terminal.py` what they print meanwhile and `tables.py` in the end, `streams.py` where that goes.
Others use `main.app`.
"""

from crr.cli.main import app

__all__ = ["app"]
