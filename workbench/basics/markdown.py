"""Markdown of others: text shown as it is, and cards that fit into a page."""

import re

_SPECIAL = re.compile(r"([\\`*_\[\]$~<>#])")
_FENCE = re.compile(r"(^ {0,3}(?:```|~~~).*?(?:^ {0,3}(?:```|~~~)[ \t]*$|\Z))", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^ {0,3}(#{1,6})(?=[ \t])", re.MULTILINE)
_UNDERLINED = re.compile(r"^ {0,3}(?=\S)([^|\n]+)\n {0,3}(=+|-+)[ \t]*$", re.MULTILINE)
_IMAGE = re.compile(r"!(?=\[)")
_DOWN, _LOWEST = 3, 6


def as_text(sentence: str) -> str:
    """The sentence in one line, with every character escaped that Markdown would take for a mark."""
    return _SPECIAL.sub(r"\\\1", " ".join(sentence.split()))


def as_part(card: str) -> str:
    """The Markdown of somebody's card as a part of a page.

    Its headings are smaller, and its pictures become links: a browser would fetch them from anywhere, which
    tells their owner who looks. What stands in code stays as it is.
    """
    parts = _FENCE.split(card)
    parts[::2] = [_tamed(part) for part in parts[::2]]
    return "".join(parts)


def _tamed(text: str) -> str:
    text = _UNDERLINED.sub(lambda found: f"{'#' if found[2][0] == '=' else '##'} {found[1]}", text)
    text = _HEADING.sub(lambda found: "#" * min(len(found[1]) + _DOWN, _LOWEST), text)
    return _IMAGE.sub("", text)
