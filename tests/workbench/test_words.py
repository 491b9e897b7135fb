"""One word for one thing: words that were dropped stand on no page any more."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DROPPED = {
    "Beside it": "Second model",
    "Two under a slider": "Before/after slider",
    "Keep it": "Save",
    "Threshold": "Limit",
    "at this threshold": "at this limit",
    "reaches the threshold": "is outlined",
    "see below": "what it is",
}
"""Word to what stands in its place."""


def words_of(path: Path) -> Iterator[str]:
    """The texts of a source that are no descriptions of it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    descriptions = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in descriptions:
            yield node.value


@pytest.mark.parametrize("dropped", sorted(DROPPED))
def test_a_dropped_word_stands_nowhere(dropped):
    sources = [*ROOT.glob("pages/*.py"), *ROOT.glob("workbench/**/*.py"), ROOT / "streamlit_app.py"]
    found = [path.name for path in sources if any(dropped in text for text in words_of(path))]
    words = (ROOT / "workbench" / "lesson" / "steps.toml").read_text(encoding="utf-8")
    assert found == []
    assert dropped not in words
