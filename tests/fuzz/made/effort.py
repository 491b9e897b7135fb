"""How many examples a test tries."""

import os

from hypothesis import settings

LONG = os.environ.get("FUZZ") == "long"
"""Whether to look at random and for long, as `make fuzz` does."""

_MORE = 10


def examples(count: int) -> settings:
    """A decorator for a test that tries so many examples in `make test`, more a round of `make fuzz`."""
    return settings(max_examples=count * _MORE if LONG else count)
