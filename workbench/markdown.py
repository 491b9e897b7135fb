"""Markdown of others: text shown as it is, and headings that fit into a page."""

import re

_SPECIAL = re.compile(r"([\\`*_\[\]$~<>])")
_FENCE = re.compile(r"(^(?:```|~~~).*?^(?:```|~~~)\s*?$)", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) ", re.MULTILINE)
_DOWN, _LOWEST = 3, 6


def as_text(sentence: str) -> str:
    """The sentence with every character escaped that Markdown would take for a mark."""
    return _SPECIAL.sub(r"\\\1", sentence)


def demoted(text: str) -> str:
    """Markdown of a page of its own with smaller headings, as a part of one; what stands in code stays."""
    parts = _FENCE.split(text)
    parts[::2] = [_HEADING.sub(_lower, part) for part in parts[::2]]
    return "".join(parts)


def _lower(heading: re.Match[str]) -> str:
    return "#" * min(len(heading[1]) + _DOWN, _LOWEST) + " "
