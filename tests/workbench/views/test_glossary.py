"""The words that every page explains."""

from pathlib import Path

import pytest

from workbench.views.shared.glossary import WORDS, glossary_html

GLOSSARY = (Path(__file__).parents[3] / "docs" / "glossary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", [one for words in WORDS for one in words.split(", ")])
def test_what_a_page_explains_the_glossary_explains_too(word):
    first = [line.split("|")[1].lower() for line in GLOSSARY.splitlines() if line.startswith("|")]
    verdicts = next(line for line in GLOSSARY.splitlines() if line.startswith("| verdict"))
    assert any(word in cell for cell in first) or word in verdicts


def test_every_word_is_there():
    page = glossary_html()
    assert page.count("<dt>") == len(WORDS)
    assert "identity mapping" in page
