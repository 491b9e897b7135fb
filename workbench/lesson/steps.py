"""The lesson on identity mapping: steps in plain words, each with a question. The words: `steps.toml`."""

import re
import tomllib
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

_WORDS = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class QuizAnswer:
    """One answer to choose, and what is said if it is chosen."""

    text: str
    feedback: str


@dataclass(frozen=True)
class Step:
    """One step of the lesson: an idea, its picture and its question.

    Attributes:
        name: Stands in the link.
        short: A short title, for the row of steps.
        title: For people.
        idea: Plain words, Markdown.
        question: About what was just seen.
        answers: To choose from.
        right: Number of the right one.
        formula: For those who want it, Markdown with LaTeX.
        sources: Where it comes from, Markdown.
    """

    name: str
    short: str
    title: str
    idea: str
    question: str
    answers: tuple[QuizAnswer, ...]
    right: int
    formula: str
    sources: str


@cache
def read_steps() -> tuple[Step, ...]:
    """The steps in their order."""
    words = tomllib.loads(_WORDS.read_text(encoding="utf-8"))
    return TypeAdapter(tuple[Step, ...]).validate_python(words["step"])


def step_number(name: str | None) -> int:
    """Number of the step of that name, or of that place counted from 1; the first if there is none."""
    steps = read_steps()
    if name is not None and re.fullmatch(r"[0-9]{1,3}", name) and 1 <= int(name) <= len(steps):
        return int(name) - 1
    return next((number for number, step in enumerate(steps) if step.name == name), 0)
