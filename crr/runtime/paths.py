"""Paths as people give them: text or `pathlib.Path`, and a sentence for anything else."""

import os
from collections.abc import Iterable
from pathlib import Path

StrPath = str | os.PathLike[str]
"""A path, as text or as `pathlib.Path`."""


def as_path(given: StrPath, what: str = "A path") -> Path:
    """The path that somebody gave.

    Args:
        given: Text, or anything that stands for a path.
        what: What it is the path of, to begin the sentence of an error with.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(given, str | os.PathLike) and not isinstance(os.fspath(given), bytes):
        return Path(given)
    raise TypeError(f"{what} is {_described(given)}, but must be a path: give text or a pathlib.Path.")


def expanded(text: StrPath) -> Path:
    """A path whose beginning `~` or `~somebody` is that home folder; as it is if there is no such user."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - no error for "~who"


def as_paths(given: StrPath | Iterable[StrPath], what: str = "A path") -> list[Path]:
    """The paths that somebody gave; a single one counts as one, and not as its letters.

    Raises:
        TypeError: One is no path; `what` begins the sentence.
    """
    if isinstance(given, str | os.PathLike):
        return [as_path(given, what)]
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        raise TypeError(f"{what} is {_described(given)}, but must be a path: give text, or a list of texts.")
    return [as_path(one, what) for one in given]


def real_path(path: Path) -> Path:
    """The absolute path of a file, links followed; `Path.resolve` fails at some links and odd letters."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:  # letters that no path can have
        return path


def _described(given: object) -> str:
    return "None" if given is None else f"of type {type(given).__name__}"
