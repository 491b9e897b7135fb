"""All masks of a data set, read once: by which rule they are read, and which of them need a word."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from crr.data.image_header import ImageHeader
from crr.data.images import read_header
from crr.data.layouts.samples import Sample
from crr.data.masks import MaskFacts, MaskRule, facts_of_mask, other_shape, rule_of
from crr.errors import ImageError

_MOST = 0.5
"""Share from which pixels, or masks, are most."""


@dataclass(frozen=True)
class MaskSurvey:
    """What all masks of a data set are.

    Attributes:
        rule: How they are read.
        empty: Masks that mark nothing by that rule.
        full: Masks that mark the whole picture by it.
        inverted: Masks that mark most of the picture, where most masks do: black and white may be exchanged.
        values: What means defect where this is more than one number, in order; empty if masks are graded.
        undecided: Photos that EXIF turns, where no mask tells by its shape whether it is turned with them.
        unusable: Image to the sentence that says why its mask cannot be used.
    """

    rule: MaskRule = field(default_factory=MaskRule)
    empty: tuple[Path, ...] = ()
    full: tuple[Path, ...] = ()
    inverted: tuple[Path, ...] = ()
    values: tuple[float, ...] = ()
    undecided: tuple[Path, ...] = ()
    unusable: Mapping[Path, str] = field(default_factory=dict)


def survey_masks(samples: Sequence[Sample], headers: Mapping[Path, ImageHeader]) -> MaskSurvey:
    """Read all masks of a data set once.

    Args:
        samples: Images, some with masks.
        headers: What each image says of itself; the masks of others are not compared with it.
    """
    masked = [sample for sample in samples if sample.masks]
    with ThreadPoolExecutor() as pool:
        paths = [path for sample in masked for path in sample.masks]
        facts = dict(zip(paths, pool.map(facts_of_mask, paths), strict=True))
    good = {path: fact for path, fact in facts.items() if isinstance(fact, MaskFacts)}
    pairs = [
        (sample.path, headers[sample.path], good[path].size)
        for sample in masked
        for path in sample.masks
        if sample.path in headers and path in good
    ]
    rule = rule_of([*good.values()])
    rule = replace(rule, turned=any(size == head.size != head.upright_size for _, head, size in pairs))
    upright = any(size == head.upright_size != head.size for _, head, size in pairs)
    undecided = [path for path, head, size in pairs if head.orientation > 1 and size == head.upright_size]
    least = rule.largest / 2 if rule.graded else 0
    mostly = tuple(path for path, fact in good.items() if fact.least == 0 and fact.share > _MOST)
    values = sorted({value for fact in good.values() for value in fact.values})
    return MaskSurvey(
        rule,
        empty=tuple(path for path, fact in good.items() if fact.largest == 0 or fact.largest < least),
        full=tuple(path for path, fact in good.items() if fact.least > 0 and fact.least >= least),
        inverted=mostly if len(mostly) > _MOST * len(good) else (),
        values=tuple(values) if len(values) > 1 and not rule.graded else (),
        undecided=() if rule.turned or upright else tuple(dict.fromkeys(undecided)),
        unusable=dict(_unusable(masked, facts, headers, rule)),
    )


def _unusable(
    masked: Sequence[Sample],
    facts: Mapping[Path, MaskFacts | ImageError],
    headers: Mapping[Path, ImageHeader],
    rule: MaskRule,
) -> Iterator[tuple[Path, str]]:
    """Images whose mask cannot be used, and why."""
    for sample in masked:
        for path in sample.masks:
            fact, header = facts[path], headers.get(sample.path)
            if isinstance(fact, ImageError):
                yield sample.path, str(fact)
            elif header is not None and fact.size != (header.size if rule.turned else header.upright_size):
                yield sample.path, other_shape(path, fact.size, sample.path, header.upright_size)


def find_rule(samples: Sequence[Sample]) -> MaskRule:
    """The rule of `survey_masks` alone; images and masks that cannot be read have no say."""
    headers = {}
    for sample in samples:
        if sample.masks:
            with suppress(ImageError):
                headers[sample.path] = read_header(sample.path)
    return survey_masks(samples, headers).rule
