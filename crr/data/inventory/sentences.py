"""An inventory in a few lines: what there is, of which kind, and a line for whatever needs a word."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from crr.data.inventory.inventory import EXAMPLES, CategoryCount, Inventory

_LAYOUTS = {
    "mvtec": "as MVTec AD",
    "visa": "as VisA",
    "real-iad": "as Real-IAD",
    "table": "by a table",
    "folders": "in folders of good and other images",
    "folder": "good images alone",
    "masks": "good images, and such as a mask marks something in",
}


def lines(inventory: Inventory, range_choice: str = "") -> list[str]:
    """What to tell a person before the work.

    Args:
        inventory: What a look found.
        range_choice: What says the range of images that do not say theirs: "--range".
    """
    first = _counted(inventory) if inventory.categories else _files(inventory)
    counted = " ".join(filter(None, (first, _kinds(inventory))))
    return [*filter(None, [counted]), *_remarks(inventory, range_choice)]


def named(names: Sequence[str], joint: str = ", ", most: int = EXAMPLES) -> str:
    """The first of some names: "a, b, c, d, e and 7 more"."""
    more = len(names) - most
    return joint.join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def number(count: int, noun: str) -> str:
    """A count with its noun: "1 image", "2,000 images"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def passed_over(reason: str, names: Sequence[str]) -> str:
    """Which files are not used, and why: "Passed over, no image by its name: 1 file, notes.txt."."""
    return f"Passed over, {reason}: {number(len(names), 'file')}, {named(names)}."


def _files(inventory: Inventory) -> str:
    """How many images a list holds, of which none may be one."""
    return f"{number(len(inventory.facts), 'image')}." if inventory.headers else ""


def _counted(inventory: Inventory) -> str:
    counts = inventory.categories.values()
    train, good = sum(count.train for count in counts), sum(count.good for count in counts)
    defective = sum(sum(count.defective.values()) for count in counts)
    names = named([*inventory.categories])
    copies = sum(count.copies for count in counts)
    once = f" ({train - copies:,} without copies)" if copies else ""
    parts = [f"{number(train, 'image')} to train on{once}"] if train else []
    if good or defective:
        parts.append(f"{good:,} good and {defective:,} defective to test on")
    if defective:
        parts.append(f"{number(sum(count.masked for count in counts), 'image')} with masks")
    return f"{inventory.root.name}, {_LAYOUTS[inventory.layout]}: {names}; {', '.join(parts)}."


def _kinds(inventory: Inventory) -> str:
    if inventory.sizes is None:
        return ""
    smallest, largest = (" x ".join(map(str, size)) for size in inventory.sizes)
    sizes = smallest if smallest == largest else f"{smallest} to {largest}"
    kinds = [_listed(counts, "of " if kind == "depths" else "") for kind, counts in inventory.kinds.items()]
    parts = [*kinds, f"{sizes} pixels"]
    return ", ".join(parts) + (f", {number(inventory.links, 'link')} followed." if inventory.links else ".")


def _listed(counts: Mapping[str, int], of: str) -> str:
    """Kinds with their counts, without one where there is only one: "JPEG", "40 grey, 2 RGB and 1 CMYK"."""
    if len(counts) == 1:
        return next(iter(counts))
    *first, last = (f"{count:,} {of}{kind}" for kind, count in counts.items())
    return f"{', '.join(first)} and {last}"


def _remarks(inventory: Inventory, range_choice: str) -> Iterator[str]:
    name = inventory.name_of
    yield from range_lines(inventory, range_choice)
    yield from inventory.remarks
    yield from chain.from_iterable(_lacks(*item) for item in inventory.categories.items())
    yield from _of_masks(inventory)
    yield from _of_repeats(inventory)
    if inventory.blank:
        shows = "shows" if len(inventory.blank) == 1 else "show"
        names = named([name(path) for path in inventory.blank])
        yield f"{len(inventory.blank):,} of {number(len(inventory.facts), 'image')} {shows} no part: {names}."
    if inventory.copies:
        extra = sum(len(group) - 1 for group in inventory.copies)
        groups = named([named([*map(name, group)], " = ", 3) for group in inventory.copies])
        yield f"{number(extra, 'file')} with the same content as another: {groups}."
    yield from _of_pixels(inventory)
    yield from _of_both_ends(inventory)
    yield from _of_pages(inventory)
    for reason, paths in inventory.passed_over.items():
        yield passed_over(reason, [name(path) for path in paths])
    if inventory.unusable:
        bad = named([name(path) for path in inventory.unusable])
        yield f"{number(len(inventory.unusable), 'image')} cannot be used: {bad}."


def range_lines(inventory: Inventory, choice: str = "") -> Iterator[str]:
    """What there is to say of the black and white of the images: as `lines` does, and nothing else."""
    if inventory.value_range is not None:
        every = "all of them" if inventory.layout == "files" else "all such images of the data set"
        guessed = f"guessed from {every}{choice and f'; {choice} says another'}"
        how = guessed if inventory.guessed else "as given or trained with"
        yield f"Images that do not say which value is white are read from {inventory.value_range} ({how})."
        yield from cut_lines([inventory.name_of(path) for path in inventory.beyond_range])
    if inventory.of_unknown_range:
        names = named([inventory.name_of(path) for path in inventory.of_unknown_range])
        yield f"Not known which value is white{choice and f' ({choice} says it)'}: {names}."


def cut_lines(names: Sequence[str]) -> Iterator[str]:
    """What to say of images with values beyond the range that was said before; nothing if there are none."""
    if names:
        yield f"{number(len(names), 'image')} with values beyond that, which are cut: {named(names)}."


def _of_pixels(inventory: Inventory) -> Iterator[str]:
    for paths, what in (
        (inventory.transparent, "an alpha channel, and what is transparent is seen as white"),
        (inventory.unused_channels, "more channels than colour, which are not used"),
    ):
        if paths:
            have = "has" if len(paths) == 1 else "have"
            names = named([*map(inventory.name_of, paths)])
            yield f"{number(len(paths), 'image')} {have} {what}: {names}."


def _of_both_ends(inventory: Inventory) -> Iterator[str]:
    for bits, (upper, lower) in inventory.of_both_ends.items():
        names = [named([*map(inventory.name_of, paths)]) for paths in (upper, lower)]
        yield (
            f"{number(len(upper), 'image')} with {bits} bits at the upper end of 16: {names[0]}; "
            f"{len(lower):,} at the lower: {names[1]}. Each is read by its own."
        )


def _of_pages(inventory: Inventory) -> Iterator[str]:
    name, pages, unread = inventory.name_of, inventory.pages, inventory.unread
    if pages:
        counts = named([f"{name(path)} has {count}" for path, count in pages.items()])
        first = "" if inventory.layout == "files" else ", of which the first is used"
        yield f"{number(len(pages), 'file')} of several pages{first}: {counts}."
    if unread:
        more = named([f"{name(path)} at least {count:,}" for path, count in unread.items()])
        hold = "holds" if len(unread) == 1 else "hold"
        yield f"{number(len(unread), 'file')} {hold} more pictures, which are not read: {more}."


def _of_masks(inventory: Inventory) -> Iterator[str]:
    rule, survey, name = inventory.masks, inventory.mask_survey, inventory.name_of
    if rule.graded:
        yield f"The masks are graded: from half of {rule.largest:.10g} on a pixel is defect."
    if survey.values:
        values = named([f"{value:.10g}" for value in (0, *survey.values)])
        yield f"The masks hold the values {values}: all but 0 is a defect."
    if rule.turned:
        yield "The masks lie as the sensor saw the photos, and are turned with them."
    if survey.undecided:
        photos = number(len(survey.undecided), "photo")
        names = named([*map(name, survey.undecided)])
        yield f"The masks of {photos} that EXIF turns fit either way, and are taken as upright: {names}."
    if survey.inverted:
        names = named([*map(name, survey.inverted)])
        yield f"Masks mark most of their picture; if black and white are exchanged, invert them: {names}."
    for masks, what in ((survey.empty, "nothing"), (survey.full, "the whole picture, being 0 nowhere")):
        if masks:
            marks = "marks" if len(masks) == 1 else "mark"
            yield f"{number(len(masks), 'mask')} {marks} {what}: {named([*map(name, masks)])}."


def _of_repeats(inventory: Inventory) -> Iterator[str]:
    name, repeats = inventory.name_of, inventory.repeats
    repeated, pairs = repeats.tested_training, repeats.good_and_defective
    if repeated:
        are = "is a training image" if len(repeated) == 1 else "are training images"
        names = named([*map(name, repeated)])
        yield f"{number(len(repeated), 'test image')} {are} too, so figures are too good: {names}."
    if pairs:
        are = "is" if len(pairs) == 1 else "are"
        names = named([" = ".join(map(name, pair)) for pair in pairs])
        yield f"{number(len(pairs), 'photo')} {are} both good and defective: {names}."


def _lacks(category: str, count: CategoryCount) -> Iterable[str]:
    """What a category's test part lacks, so that some figures cannot be had."""
    defective = sum(count.defective.values())
    if defective and not count.good:
        yield f"{category} has no good test image, so no image-level figures: add some."
    if count.good and not defective:
        yield f"{category} has no defective test image, so nothing can be measured on it."
    if defective and not count.masked:
        yield f"{category} has no masks, so no pixel-level figures."
