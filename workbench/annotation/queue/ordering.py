"""Which items are wanted, and what comes first among them, as one question to the database.

An order says what is worth a look. Where models were not asked yet, or an order means nothing, images come by
number after all others, so that none is ever left out.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import sqlalchemy as sa

from workbench.annotation.database.tables import item, person, revision, score, tag
from workbench.annotation.records import SETTLED, Judgement, State

Order = Literal[
    "near the limit",
    "models disagree",
    "seen and copied",
    "against the label",
    "worst first",
    "random",
    "by name",
]
ORDERS: tuple[Order, ...] = get_args(Order)


@dataclass(frozen=True)
class Wanted:
    """Which items of a project are looked at.

    Attributes:
        project: Its number.
        order: What comes first.
        states: Only items that are so; all if empty.
        judgement: Only those that were judged so.
        tag: Only those with this tag.
        category: Only this kind of part.
        author: Only those that this person, by name, saved last.
        name: Only those with these letters in the image's name, in any case.
        models: Which models' scores count for the order, all if empty; for `seen and copied` the first.
        seed: Of the random order.
        holds: Only what holds of an image: what was settled, else its first opinion.
    """

    project: int
    order: Order = "near the limit"
    states: tuple[State, ...] = ()
    judgement: Judgement | None = None
    tag: str | None = None
    category: str | None = None
    author: str | None = None
    name: str | None = None
    models: tuple[str, ...] = ()
    seed: int = 0
    holds: bool = False


def selected(wanted: Wanted) -> sa.Select[Any]:
    """The items that are wanted, in no order."""
    found = sa.select(item).where(item.c.project == wanted.project)
    if wanted.states:
        states = {
            "done": item.c.reviewed,
            "skipped": ~item.c.reviewed & item.c.skipped,
            "left": ~item.c.reviewed & ~item.c.skipped,
        }
        found = found.where(sa.or_(*(states[state] for state in wanted.states)))
    if wanted.holds:
        settled = item.alias("settled")
        same = (settled.c.project == item.c.project, settled.c.digest == item.c.digest)
        is_settled = sa.exists().where(*same, settled.c.opinion == SETTLED)
        found = found.where(item.c.opinion == sa.case((is_settled, SETTLED), else_=1))
    if wanted.category is not None:
        found = found.where(item.c.category == wanted.category)
    if wanted.name is not None:
        found = found.where(item.c.name.icontains(wanted.name, autoescape=True))
    if wanted.judgement is not None or wanted.author is not None:
        found = found.join(revision, revision.c.id == item.c.head)
    if wanted.judgement is not None:
        found = found.where(revision.c.judgement == wanted.judgement)
    if wanted.author is not None:
        found = found.join(person, person.c.id == revision.c.author).where(person.c.name == wanted.author)
    if wanted.tag is not None:
        found = found.where(sa.exists().where(tag.c.revision == item.c.head, tag.c.tag == wanted.tag))
    return found


def in_order(found: sa.Select[Any], wanted: Wanted) -> sa.Select[Any]:
    """The items with what is most worth a look first."""
    if wanted.order == "by name":
        return found.order_by(item.c.name, item.c.id)
    if wanted.order == "random":
        # The digits of a digest are random, and alike in both databases.
        return found.order_by(sa.func.substr(item.c.digest, 1 + wanted.seed % 50), item.c.id)
    worth = _worth(wanted)
    if wanted.order == "against the label":
        worth = _against_label(worth)
    return found.order_by(worth.desc().nulls_last(), item.c.id)


def _worth(wanted: Wanted) -> sa.ColumnElement[Any]:
    """What an item's image is worth a look, larger first; null where no model was asked.

    It is asked of each item that is wanted and not of the whole project at once: most of a large one is done.
    """
    ratio = score.c.ratio
    worth: dict[str, sa.ColumnElement[Any]] = {
        "near the limit": -sa.func.min(sa.func.abs(ratio - 1)),
        "models disagree": sa.func.max(ratio) - sa.func.min(ratio),
        "seen and copied": sa.func.max(score.c.seen * score.c.copied),
        "against the label": sa.func.max(ratio),
        "worst first": sa.func.max(ratio),
    }
    found = sa.select(worth[wanted.order]).where(score.c.digest == item.c.digest)
    if wanted.models:
        found = found.where(score.c.model.in_(wanted.models))
    return found.correlate(item).scalar_subquery()


def _against_label(ratio: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """How far the score lies on the wrong side of the limit by the image's label; then all others."""
    return sa.case(
        (item.c.label == "good", ratio - 1), (item.c.label == "defective", 1 - ratio), else_=sa.null()
    )
