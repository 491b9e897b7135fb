"""The layout of MVTec AD, on which `crr train` and `crr evaluate` run at once.

    <category>/train/good/          good parts to learn from
    <category>/test/good/           good parts to test on
    <category>/test/<class>/        defective parts
    <category>/ground_truth/<class>/<stem>_mask.png

A part with marks of several classes is `combined`, as in the original. Masks are all or nothing in a
category: where some defective parts are marked, those that are not are left out. So is what is unsure.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from crr.errors import WriteError
from crr.runtime.names import FreeNames
from workbench.annotation.exporting.selection import Pictures, Reviewed, Selection, stem_of
from workbench.annotation.masks import union
from workbench.annotation.records import Advance
from workbench.exports.names import safe_stem

GOOD, UNMARKED, COMBINED = "good", "defect", "combined"
_UNSURE = "unsure whether they are good"
_BARE = "defective, with no marked part where others have one"


@dataclass(frozen=True)
class _Plan:
    """Where an image goes: the names of a category and of a kind of defect, as the project has them."""

    item: int
    digest: str
    category: str
    kind: str
    marked: bool
    from_training: bool


def write_mvtec(selection: Selection, folder: Path, advance: Advance, *, train: float = 0.5) -> None:
    """Write the layout.

    Args:
        selection: What is exported.
        folder: Empty.
        advance: Told of each image.
        train: Share of the good parts of a category to learn from, in [0, 1]. Where some came from a folder
            `train`, those are the ones, whatever is said here.
    """
    plans = [_plan(selection, one) for one in selection]
    training = _training(plans, train)
    marked = {plan.category for plan in plans if plan.marked}
    places = _Places(plans)
    pictures = Pictures(selection, folder, advance)
    counts: Counter[str] = Counter()
    for one, plan in zip(selection, plans, strict=True):
        reason = _UNSURE if plan.kind == "" else _BARE if _is_bare(plan, marked) else None
        if reason is not None:
            selection.report.leave_out(reason, one.item.image.name)
            advance(1)
            continue
        part = "train" if plan.item in training else "test"
        counts[part if plan.kind == GOOD else "defective"] += 1
        category, kind = places.of(plan)
        stem = PurePosixPath(stem_of(one)).name
        name = pictures.copy(one, f"{category}/{part}/{kind}/{stem}")
        if name is not None and plan.marked:
            write_mask(
                one, folder / category / "ground_truth" / kind / f"{PurePosixPath(name).stem}_mask.png"
            )
    pictures.close()
    selection.report.notes.append(
        f"{counts['train']:,} good parts to learn from, {counts['test']:,} good and {counts['defective']:,} "
        "defective ones to test on."
    )


class _Places:
    """Names of folders: none stands for two, and no class is taken for the good parts."""

    def __init__(self, plans: Iterable[_Plan]) -> None:
        categories = FreeNames()
        kinds: defaultdict[str, FreeNames] = defaultdict(FreeNames)
        self._categories: dict[str, str] = {}
        self._kinds: dict[tuple[str, str], str] = {}
        for plan in plans:
            if plan.category not in self._categories:
                self._categories[plan.category] = categories.take(_folder(plan.category))
                self._kinds[plan.category, GOOD] = kinds[plan.category].take(GOOD)
            if (plan.category, plan.kind) not in self._kinds:
                self._kinds[plan.category, plan.kind] = kinds[plan.category].take(_folder(plan.kind))

    def of(self, plan: _Plan) -> tuple[str, str]:
        """Folders of the category and of the kind."""
        return self._categories[plan.category], self._kinds[plan.category, plan.kind]


def _folder(name: str) -> str:
    return safe_stem(f"{name.replace('/', '_')}.")


def _plan(selection: Selection, one: Reviewed) -> _Plan:
    image, review = one.item.image, one.revision.review
    classes = {region.category for region in review.regions}
    defect = COMBINED if len(classes) > 1 else next(iter(classes), UNMARKED)
    kinds = {"good": GOOD, "defective": f"{defect} " if defect == GOOD else defect, "unsure": ""}
    return _Plan(
        one.item.id,
        image.digest,
        image.category or selection.project.name,
        kinds[review.judgement],
        review.judgement == "defective" and bool(review.regions),
        "train" in PurePosixPath(image.name).parts[:-1],
    )


def _is_bare(plan: _Plan, marked: set[str]) -> bool:
    return plan.kind != GOOD and not plan.marked and plan.category in marked


def _training(plans: Iterable[_Plan], share: float) -> set[int]:
    """The good parts to learn from: by digest, so that a new image moves hardly any other."""
    good: dict[str, list[_Plan]] = defaultdict(list)
    for plan in plans:
        if plan.kind == GOOD:
            good[plan.category].append(plan)
    chosen: set[int] = set()
    for some in good.values():
        ranked = [plan for plan in some if plan.from_training]
        if not ranked:
            ranked = sorted(some, key=lambda plan: plan.digest)[: round(share * len(some))]
        chosen.update(plan.item for plan in ranked)
    return chosen


def write_mask(one: Reviewed, path: Path) -> None:
    """Write all that is marked in an image as a PNG, 255 where it is and 0 elsewhere."""
    image = one.item.image
    mask = union([region.mask for region in one.revision.review.regions], (image.height, image.width))
    written, content = cv2.imencode(".png", np.where(mask, np.uint8(255), np.uint8(0)))
    if not written:
        raise WriteError(f"{path} cannot be written: no PNG of that size can be made.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.tobytes())
