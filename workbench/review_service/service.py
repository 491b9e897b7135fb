"""Answers to who reviews: every question is about an image of the project that the ticket is for."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from crr.errors import CRRError
from crr.evaluation.limits import Judgements
from crr.types import Image, Inspection
from workbench.annotation.errors import ProjectError
from workbench.annotation.opinions import overlap_of
from workbench.annotation.queue.ordering import Wanted
from workbench.annotation.records import Draft, Item, NewImage, Region, Revision
from workbench.annotation.store import AnnotationStore
from workbench.basics.model_names import shown_model
from workbench.basics.pictures import shrink
from workbench.components.drawing import MAP_SIDE, ONE, thousandths
from workbench.inspection.verdict import category_label
from workbench.review_service.answers import ModelAnswers
from workbench.review_service.causes import Marked, suggestions
from workbench.review_service.drawing import filled, mask_of_all, region_around, review_of, suggested
from workbench.review_service.limits import judged_by
from workbench.review_service.messages import (
    CausesMessage,
    DraftMessage,
    Drawn,
    DrawnRegion,
    FillMessage,
    ItemOnly,
    MarkMessage,
    Next,
    Nothing,
    SaveMessage,
    SkipMessage,
    SnapMessage,
)
from workbench.review_service.scoring import BackgroundScoring
from workbench.review_service.tickets import Ticket

_COMPARED = 20  # newest revisions of an image: masks of a large photo take a moment each

Plain = dict[str, Any]
"""What JSON can hold."""

DRAWN = TypeAdapter(Drawn)


class ReviewService:
    """The answers of a process; threads may share it.

    Args:
        store: Where projects and reviews are.
        answers: What models say.
        scoring: Makes the scores that put the queue in order.
    """

    def __init__(self, store: AnnotationStore, answers: ModelAnswers, scoring: BackgroundScoring) -> None:
        self._store, self._answers, self._scoring = store, answers, scoring

    def next(self, ticket: Ticket, wish: Next) -> Plain:
        """The next image, lent to the person: as `load` has it, or {"item": null} if there is none."""
        wanted = Wanted(
            ticket.project,
            wish.order,
            wish.states,
            wish.judgement,
            wish.tag,
            wish.category,
            wish.author,
            wish.name,
            self._models(ticket),
            wish.seed,
        )
        found = self._store.queue.next(wanted, ticket.person, wish.passed)
        return {"item": None} if found is None else self._shown(ticket, found)

    def load(self, ticket: Ticket, message: ItemOnly) -> Plain:
        """An image with all that its page shows, lent to the person if nobody else has it."""
        item = self._item(ticket, message.item)
        holder = self._store.queue.hold(item.id, ticket.person)
        return self._shown(ticket, item) | {"holder": holder}

    def hold(self, ticket: Ticket, message: ItemOnly) -> Plain:
        """Say that the person is still at an image."""
        item = self._item(ticket, message.item)
        return {"holder": self._store.queue.hold(item.id, ticket.person)}

    def release(self, ticket: Ticket, message: ItemOnly) -> Plain:
        """Give an image back."""
        self._store.queue.release(self._item(ticket, message.item).id, ticket.person)
        return {}

    def skip(self, ticket: Ticket, message: SkipMessage) -> Plain:
        """Put an image off, or take that back."""
        item = self._item(ticket, message.item)
        self._store.queue.skip(item.id, ticket.person, skipped=message.skipped)
        return {}

    def keep(self, ticket: Ticket, message: DraftMessage) -> Plain:
        """Keep a draft; what cannot be drawn on this image is refused before it is kept."""
        item = self._item(ticket, message.item)
        state = DRAWN.dump_json(message.drawn).decode()
        self._store.drafts.keep(item.id, ticket.person, Draft(message.base, message.clock, state))
        return {"clock": message.clock}

    def discard(self, ticket: Ticket, message: ItemOnly) -> Plain:
        """Forget a draft."""
        self._store.drafts.discard(self._item(ticket, message.item).id, ticket.person)
        return {}

    def save(self, ticket: Ticket, message: SaveMessage) -> Plain:
        """Keep what a person says; raises `ConflictError` if another came first."""
        item = self._item(ticket, message.item)
        review = review_of(message, (item.image.height, item.image.width))
        saved = self._store.reviews.save(item.id, message.base, review, ticket.person, message.attempt)
        return {"revision": plain_revision(saved)}

    def history(self, ticket: Ticket, message: ItemOnly) -> Plain:
        """All that was said of an image, the first one first, and what each shares with the one before."""
        said = self._store.reviews.history(self._item(ticket, message.item).id)
        shared: list[float | None] = [None] * len(said)
        for place in range(max(1, len(said) - _COMPARED), len(said)):
            shared[place] = overlap_of(said[place - 1], said[place])
        return {
            "revisions": [
                plain_revision(one) | {"shared": share} for one, share in zip(said, shared, strict=True)
            ]
        }

    def snap(self, ticket: Ticket, message: SnapMessage) -> Plain:
        """The region of a model's map around a click."""
        inspection = self._answers.of(
            self._item(ticket, message.item).image, self._asked(ticket, message.model)
        )
        return {"counts": region_around(inspection, (message.x, message.y), message.growth).counts}

    def fill(self, ticket: Ticket, message: FillMessage) -> Plain:
        """A region with the area that it encloses around a click."""
        image = self._item(ticket, message.item).image
        found = filled(message.region, (image.height, image.width), (message.x, message.y))
        return {"counts": found.counts}

    def mark(self, ticket: Ticket, message: MarkMessage) -> Plain:
        """What a model marks at a multiple of its limits, as regions to begin with."""
        inspection = self._answers.of(
            self._item(ticket, message.item).image, self._asked(ticket, message.model)
        )
        parts, count = suggested(inspection, message.factor)
        return {"parts": [part.counts for part in parts], "count": count}

    def causes(self, ticket: Ticket, message: CausesMessage) -> Plain:
        """Causes of a model's failure that can be measured, of those that the project names."""
        image, model = self._item(ticket, message.item).image, self._asked(ticket, message.model)
        inspection = self._answers.of(image, model)
        mask = mask_of_all(message.drawn, (image.height, image.width))
        marked = None
        if mask.any():
            marked = Marked(self._answers.image(image), mask, self._answers.sighting(image, model, mask))
        named = self._store.projects.get(ticket.project).scheme.tags
        found = suggestions(inspection, message.drawn.judgement, image.label, marked)
        return {"causes": [asdict(one) for one in found if one.tag in named]}

    def answers(self, ticket: Ticket, message: ItemOnly) -> Plain:
        """What each of the project's models says of an image; a model that cannot be asked says why."""
        image = self._item(ticket, message.item).image
        return {"answers": [self._answer(image, model) for model in self._models(ticket)]}

    def judged(self, project: int, model: str, tell: Callable[[int, int], None]) -> Judgements:
        """What people say and a model scores of a project's images: see `judged_by`."""
        return judged_by(self._store, self._answers, project, model, tell)

    def image(self, item: Item) -> Image:
        """The pixels of an image; raises `CRRError` if they cannot be had."""
        return self._answers.image(item.image)

    def picture(self, ticket: Ticket, number: int) -> bytes:
        """An image as a JPEG of all its pixels."""
        return self._answers.picture(self._item(ticket, number).image)

    def progress(self, ticket: Ticket, _: Nothing) -> Plain:
        """How far the project is, and how long the rest takes at this pace; no image waits for it."""
        self._scoring.want(ticket.project)
        found = self._store.queue.progress(ticket.project)
        scored, asked = self._store.scores.progress(ticket.project, self._models(ticket))
        left = None if found.seconds is None else round(found.seconds * found.left)
        return {
            "done": found.done,
            "skipped": found.skipped,
            "left": found.left,
            "seconds_left": left,
            "scored": scored,
            "asked": asked,
        }

    def _answer(self, image: NewImage, model: str) -> Plain:
        try:
            inspection = self._answers.of(image, model)
        except CRRError as error:
            return {"model": model, "title": shown_model(model), "error": str(error)}
        return {
            "model": model,
            "title": shown_model(model),
            "score": inspection.score,
            "limit": inspection.threshold,
            "pixel_threshold": inspection.pixel_threshold,
            "verdict": inspection.verdict,
            "levels": levels_of(inspection),
        }

    def _shown(self, ticket: Ticket, item: Item) -> Plain:
        image = item.image
        draft = self._store.drafts.get(item.id, ticket.person)
        return {
            "item": item.id,
            "name": image.name,
            "height": image.height,
            "width": image.width,
            "label": image.label,
            "kind": category_label(image.category) if image.category else "",
            "opinion": item.opinion,
            "state": item.state,
            "revision": None if item.head is None else plain_revision(self._store.reviews.get(item.head)),
            "draft": None if draft is None else plain_draft(draft),
            "holder": None,
        }

    def _item(self, ticket: Ticket, number: int) -> Item:
        """An image of the ticket's project; that of another is not there, as far as this person can tell."""
        item = self._store.images.get(number)
        if item.project != ticket.project:
            raise ProjectError("The image is not in the project any more: somebody removed it.")
        return item

    def _models(self, ticket: Ticket) -> tuple[str, ...]:
        return self._store.projects.get(ticket.project).models

    def _asked(self, ticket: Ticket, model: str) -> str:
        if model not in self._models(ticket):
            raise ProjectError(f"The project does not ask {model!r:.80}.")
        return model


def plain_revision(revision: Revision) -> Plain:
    """A revision as JSON."""
    review = revision.review
    return {
        "id": revision.id,
        "base": revision.base,
        "author": revision.author,
        "saved": revision.saved.isoformat(timespec="seconds"),
        "drawn": DRAWN.dump_python(
            Drawn(review.judgement, drawn_regions(review.regions), review.tags, review.severity, review.note),
            mode="json",
        ),
        "model": review.model,
        "threshold": review.threshold,
        "seconds": review.seconds,
    }


def levels_of(inspection: Inspection) -> Plain:
    """An anomaly map as the browser draws it: thousandths, row by row."""
    levels = shrink(inspection.anomaly_map, MAP_SIDE)
    return {"grid": list(levels.shape), "one": ONE, "values": thousandths(levels)}


def drawn_regions(regions: Sequence[Region]) -> tuple[DrawnRegion, ...]:
    """Regions that nobody drew on yet."""
    return tuple(DrawnRegion(region.category, region.mask.counts) for region in regions)


def plain_draft(draft: Draft) -> Plain:
    """A draft as JSON."""
    drawn = DRAWN.dump_python(DRAWN.validate_json(draft.state), mode="json")
    return {"base": draft.base, "clock": draft.clock, "drawn": drawn}
