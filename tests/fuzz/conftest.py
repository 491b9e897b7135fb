"""How long hypothesis looks: briefly and always alike in `make test`, long and at random in `make fuzz`."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Verbosity, settings

from tests.fuzz.made.effort import LONG
from tests.fuzz.made.outside import Outside

settings.register_profile(
    "fuzz",
    deadline=None,  # a hang is found by the time limit of `outside.py`
    derandomize=not LONG,  # so that `make test` fails today where it fails tomorrow
    print_blob=True,
    verbosity=Verbosity.normal,
    suppress_health_check=[*HealthCheck],
    **({} if LONG else {"database": None}),
)
settings.load_profile("fuzz")


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    """A process of its own in which files are decoded."""
    process = Outside()
    yield process
    process.stop()
