"""Looking at a data set or at a list of images before the work."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal

from crr.config import ValueRange
from crr.data.datasets import Dataset, every_image
from crr.data.images import decode as pixels_of
from crr.data.inventory.facts import FactsOf, FileFacts, Shows, read_facts
from crr.data.inventory.guessing import guess, is_floating, not_guessed
from crr.data.inventory.inventory import CategoryCount, Inventory
from crr.data.inventory.mask_survey import survey_masks
from crr.data.inventory.repeats import find_repeats
from crr.data.inventory.sentences import named, number
from crr.data.layouts.finding import find_images
from crr.data.layouts.samples import Category, Sample
from crr.data.layouts.walk import Notes
from crr.errors import ConfigError, DatasetError, ImageError
from crr.runtime.paths import StrPath, as_paths
from crr.runtime.progress import Reporter
from crr.types import Progress

Part = Literal["train", "test", "good test"]
"""The images to learn from, those to test on, or of these the good ones alone."""

OnError = Literal["stop", "skip"]
"""What to do at an image that cannot be used."""

Callback = Callable[[Progress], None]


def look_at_dataset(
    dataset: Dataset,
    parts: Sequence[Part] = ("train", "test"),
    *,
    value_range: ValueRange | None = None,
    shows: Shows | None = None,
    decode: bool = True,
    progress: Callback | None = None,
) -> Inventory:
    """Read every image and mask of a data set once, and say what there is.

    Args:
        dataset: Opened by `crr.data.datasets.open_dataset`.
        parts: Which images are needed.
        value_range: Black and white of files that do not say it. If None it is guessed from all images of the
            data set, also of categories that nobody asked for; to learn from from all to learn from.
        shows: Whether an image shows a part, as `crr.inference.content.shows_something` tells.
        decode: Whether every image is decoded, to know that it can be; else deep ones alone that do not say
            which value is white.
        progress: Called about once a second with the stage "check".

    Raises:
        ConfigError: Such files hold fractions and integers, and there is no `value_range`.
    """
    used = [row for category in dataset.categories for part in parts for row in _samples(category, part)]
    reporter = Reporter(progress)
    reporter.begin("check", len(used))
    facts = read_facts([sample.path for sample in used], reporter, decode=decode, shows=shows)
    bare = read_facts([*chain.from_iterable(dataset.bare.values())]) if "test" in parts else {}
    headers = {path: fact.header for path, fact in facts.items() if fact.header is not None}
    masks = survey_masks(used, headers)
    known = facts if value_range else facts | _of_the_same_kind(dataset, parts, facts, reporter)
    found, unknown = _range(facts, known, value_range)
    bad = {path: fact.error for path, fact in (facts | bare).items() if fact.error}
    unusable = bad | {**masks.unusable} | unknown
    return Inventory(
        root=dataset.root,
        layout=dataset.layout,
        facts=facts,
        categories={category.name: _count(category, facts) for category in dataset.categories},
        passed_over=dataset.notes.passed_over,
        remarks=dataset.notes.remarks,
        unusable=unusable,
        blank=[*_blank({path: facts[path] for path in facts if path not in unknown}, shows, found)]
        if shows
        else (),
        repeats=find_repeats(dataset, facts),
        links=len(dataset.notes.followed),
        mask_survey=masks,
        value_range=found,
        guessed=found is not None and value_range is None,
    )


def look_at_files(
    paths: Sequence[StrPath] | StrPath,
    *,
    value_range: ValueRange | None = None,
    progress: Callback | None = None,
    look: FactsOf | None = None,
) -> Inventory:
    """Find the images among files and folders, and read the header of each.

    Pixels are decoded only of deep files that do not say which value is white.

    Args:
        paths: Images, and folders that are searched for images; a single one will do.
        value_range: Black and white of files that do not say it; guessed from all of these if None.
        progress: As for `look_at_dataset`.
        look: As for `crr.data.inventory.facts.read_facts`.

    Raises:
        DatasetError: There is no image at all in `paths`.
    """
    notes = Notes()
    paths = as_paths(paths, "What to look at")
    files = find_images(paths, notes)
    if not files:
        passed = (f"{number(len(files), 'file')}, {why}" for why, files in notes.passed_over.items())
        others = f" Passed over: {'; '.join(passed)}." if notes.passed_over else ""
        folders = ", ".join(map(str, paths))
        raise DatasetError(
            f"No images found in {folders}.{others} Give image files, or a folder that holds some."
        )
    reporter = Reporter(progress)
    reporter.begin("check", len(files))
    facts = read_facts(files, reporter, decode=False, look=look)
    bad = {path: fact.error for path, fact in facts.items() if fact.error}
    try:
        found, unknown = _range(facts, facts, value_range)
    except ConfigError as error:  # the other images do not need any
        found = None
        unknown = {path: f"{path}: {error}" for path in _silent(facts)} | _named(not_guessed(facts))
    unusable = bad | unknown
    return Inventory(
        root=_common_folder(paths),
        layout="files",
        facts=facts,
        passed_over=notes.passed_over,
        unusable=unusable,
        links=len(notes.followed),
        value_range=found,
        guessed=found is not None and value_range is None,
    )


def usable(dataset: Dataset, inventory: Inventory, on_error: OnError = "stop") -> Dataset:
    """The part of a data set that can be worked on.

    Args:
        dataset: What the inventory is of.
        inventory: From `look_at_dataset`.
        on_error: Whether to stop at an image that cannot be used, or to leave it out.

    Raises:
        ImageError: An image cannot be used, and none may be left out.
    """
    if inventory.unusable and on_error == "stop":
        (path, first), *others = inventory.unusable.items()
        more = named([inventory.name_of(path) for path, _ in others])
        and_more = f" {len(others):,} more cannot be used: {more}." if others else ""
        unknown = path in inventory.of_unknown_range
        raise ImageError(f"{first}{and_more}", remedy="value_range" if unknown else "on_error")
    if inventory.facts and not inventory.headers:
        first = next(iter(inventory.unusable.values()))
        raise ImageError(f"None of {number(len(inventory.facts), 'image')} can be used. The first: {first}")
    return dataset.without(set(inventory.unusable))


def _blank(facts: Mapping[Path, FileFacts], shows: Shows, value_range: ValueRange | None) -> Iterator[Path]:
    """Images that show no part; deep ones are decoded now that it is known which value is white."""
    for path, fact in facts.items():
        if fact.blank or (fact.silent and not shows(pixels_of(path, str(path), value_range=value_range))):
            yield path


def _samples(category: Category, part: Part) -> Sequence[Sample]:
    if part == "good test":
        return [sample for sample in category.test if not sample.defective]
    return category.train if part == "train" else category.test


def _range(
    facts: Mapping[Path, FileFacts], known: Mapping[Path, FileFacts], given: ValueRange | None
) -> tuple[ValueRange | None, dict[Path, str]]:
    """The range for files that do not say theirs, None if all do; and those that have none, and why.

    Args:
        facts: Of the files that are used.
        known: Of all from which a range is guessed.
        given: The range, if it need not be guessed.
    """
    silent = _silent(facts)
    if not silent or given:
        return given if silent else None, {}
    found, unknown = guess(known)
    unknown = {path: why for path, why in unknown.items() if path in silent}
    return None if len(unknown) == len(silent) else found, _named(unknown)


def _of_the_same_kind(
    dataset: Dataset, parts: Sequence[Part], facts: Mapping[Path, FileFacts], reporter: Reporter
) -> dict[Path, FileFacts]:
    """Facts of all other images of a data set that are as deep as those which do not say their range.

    A range that only the images of this run told would change with the category that is asked for.
    """
    kinds = {is_floating(facts[path]) for path in _silent(facts)}
    if not kinds:
        return {}
    others = [path for path in every_image(dataset, test=[*parts] != ["train"]) if path not in facts]
    reporter.begin("check", len(others))
    found = read_facts(others, reporter, decode=False)
    return {path: found[path] for path in _silent(found) if is_floating(found[path]) in kinds}


def _silent(facts: Mapping[Path, FileFacts]) -> list[Path]:
    """Files that do not say which value is white."""
    return [path for path, fact in facts.items() if fact.silent]


def _named(reasons: Mapping[Path, str]) -> dict[Path, str]:
    return {path: f"{path} {why}" for path, why in reasons.items()}


def _count(category: Category, facts: Mapping[Path, FileFacts]) -> CategoryCount:
    kinds = Counter(sample.defect for sample in category.test if sample.defective)
    masked = sum(bool(sample.masks) for sample in category.test if sample.defective)
    good = sum(not sample.defective for sample in category.test)
    contents = [facts[sample.path].appearance for sample in category.train if sample.path in facts]
    known = [*filter(None, contents)]
    return CategoryCount(len(category.train), good, dict(kinds), masked, len(known) - len({*known}))


def _common_folder(paths: Sequence[Path]) -> Path:
    """The folder by which files are named: the one that was given, or the working folder."""
    return paths[0] if len(paths) == 1 and paths[0].is_dir() else Path()
