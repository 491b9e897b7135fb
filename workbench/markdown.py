"""Text of visitors, such as a file name, shown as it is where Streamlit would read Markdown."""

import re

_SPECIAL = re.compile(r"([\\`*_\[\]$~<>])")


def as_text(sentence: str) -> str:
    """The sentence with every character escaped that Markdown would take for a mark."""
    return _SPECIAL.sub(r"\\\1", sentence)
