"""Which value is white in files that do not say it, guessed from a set of them and never from one alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from crr.config import ValueRange
from crr.data.depth import range_holding
from crr.data.inventory.facts import FileFacts, read_facts
from crr.errors import ConfigError

Key = TypeVar("Key")


def guessed_range(paths: Sequence[Path]) -> ValueRange | None:
    """The range for those of some image files that do not say theirs, guessed from all; None if all say it.

    Raises:
        ConfigError: As for `guess`; or there is one from which none may be guessed.
    """
    found, unknown = guess(read_facts(paths, decode=False))
    for path, why in unknown.items():
        raise ConfigError(f"{path} {why}", remedy="value_range")
    return found


def guess(facts: Mapping[Key, FileFacts]) -> tuple[ValueRange | None, dict[Key, str]]:
    """The range for the files of a set that do not say theirs, and those from which none is guessed.

    Returns:
        The range by all others; None if there are none. Then what `not_guessed` says.

    Raises:
        ConfigError: Some hold fractions and some integers, for which there is no common range.
    """
    unknown = not_guessed(facts)
    silent = [fact for key, fact in facts.items() if fact.silent and key not in unknown]
    kinds = {is_floating(fact) for fact in silent}
    if not kinds:
        return None, unknown
    if len(kinds) > 1:
        raise ConfigError(
            "Some images hold fractions and others integers of more than 8 bits, and none says which value "
            "is white: say which values are black and white, or save all alike.",
            remedy="value_range",
        )
    return range_holding((fact.bulk for fact in silent if fact.bulk), floating=kinds.pop()), unknown


def not_guessed(facts: Mapping[Key, FileFacts]) -> dict[Key, str]:
    """The files of a set from which no range is guessed, to the end of a sentence that says why.

    That is where a value stands for none, and where one image is alone with its depth: two photos of one
    camera would be read otherwise if one of them is brighter.
    """
    silent = {key: fact for key, fact in facts.items() if fact.silent}
    marked = {key: _holds_no_values(fact.marker) for key, fact in silent.items() if fact.marker is not None}
    others = {key: fact for key, fact in silent.items() if key not in marked}
    shown = {fact.appearance: fact.pages for fact in others.values()}
    alone = sum(shown.values()) == 1
    return marked | {key: _tells_nothing(fact) for key, fact in others.items() if alone}


def _holds_no_values(marker: float) -> str:
    return (
        f"holds {marker:g}, far from all its other values, as for what was not measured: fill it in, or say "
        "which values are black and white."
    )


def _tells_nothing(fact: FileFacts) -> str:
    assert fact.extremes is not None
    low, high = fact.extremes
    fits = range_holding([fact.extremes], floating=is_floating(fact))
    whole = not is_floating(fact) and fits.low == 0
    bits = f", as {int(fits.high).bit_length()} bits do" if whole else ""
    return (
        f"does not say which value is white, and one image alone does not tell: it holds {low:g} to "
        f"{high:g}{bits}. Say which values are black and white, or give more images of its camera."
    )


def is_floating(fact: FileFacts) -> bool:
    """Whether a file holds fractions."""
    return fact.header is not None and fact.header.depth.floating
