"""Image contents that are at hand, such as samples and uploads, as a source: they are copied."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from crr.config import ValueRange
from crr.data.inventory.facts import FactsOf, FileFacts, facts_of
from crr.types import Label
from workbench.annotation.blobs import Blobs
from workbench.annotation.importing.bringing import Found, FoundImage
from workbench.annotation.importing.files import as_text, needed_range, not_used, range_of
from workbench.annotation.records import NewImage


@dataclass(frozen=True)
class Content:
    """An image at hand.

    Attributes:
        name: What it is called.
        content: Of the file.
        label: What is known of it.
        category: Which kind of part it shows.
        value_range: Black and white, if the file does not say them; guessed from all if nobody says it.
    """

    name: str
    content: bytes
    label: Label | None = None
    category: str = ""
    value_range: ValueRange | None = None


def read_contents(contents: Iterable[Content], blobs: Blobs, look: FactsOf = facts_of) -> Found:
    """Copy images into the data folder; those that are none are left out and said.

    Args:
        contents: The images.
        blobs: Where they go.
        look: Who looks into a file, as `crr.data.sandbox` does into those of strangers.

    Raises:
        SourceError: Files that do not say which value is white hold fractions and integers.
        StoreError: There is no room.
    """
    kept: list[tuple[Content, FileFacts]] = []
    notes = []
    for one in contents:
        facts = look(one.content, one.name, sha256(one.content).hexdigest(), decode=True)
        if facts.error or facts.header is None:
            notes.append(facts.error)
        else:
            blobs.put(one.content)
            kept.append((replace(one, content=b""), facts))
    guess, guessed = range_of([(one.name, facts) for one, facts in kept if one.value_range is None])
    more = not_used([(one.name, facts) for one, facts in kept])
    return Found([_image(one, facts, guess) for one, facts in kept], [*notes, *more, *guessed])


def _image(one: Content, facts: FileFacts, guess: ValueRange | None) -> FoundImage:
    assert facts.header is not None
    height, width = facts.header.upright_size
    value_range = needed_range(facts, one.value_range or guess)
    image = NewImage(
        as_text(one.name), facts.digest, height, width, one.label, one.category, value_range=value_range
    )
    return FoundImage(image)
