"""The answer to a photo as every page gives it: the verdict large, the score beside its limit."""

from collections.abc import Iterable
from html import escape

from crr.types import Verdict

_STYLES: dict[Verdict, str] = {
    "check by hand": "by-hand",
    "unknown part": "unknown",
    "no part seen": "unseen",
}

_RELATIONS: dict[Verdict, str] = {
    "defective": "reaches the limit",
    "unknown part": "not judged; limit",
    "no part seen": "not judged; limit",
}


def answer_html(verdict: Verdict, score: float, limit: float, beside: Iterable[str] = ()) -> str:
    """HTML of an answer; `beside`: what else stands in its line, as text. Nothing is said of an empty one."""
    shown, limit_shown = told_apart(score, limit)
    relation = _RELATIONS.get(verdict, "below the limit")
    more = "".join(f"<span>{escape(text)}</span>" for text in beside if text)
    return (
        f'<div class="answer {_STYLES.get(verdict, verdict)}"><b>{verdict.capitalize()}</b>'
        f"<span>score <b>{shown}</b> {relation} {limit_shown}</span>{more}</div>"
    )


def told_apart(score: float, limit: float) -> tuple[str, str]:
    """A score and its limit with two decimals, or with as many as show which of them is higher."""
    for decimals in (2, 3, 4):
        written = f"{score:.{decimals}f}", f"{limit:.{decimals}f}"
        if written[0] != written[1]:
            break
    return written
