"""Image contents that are at hand, such as samples and uploads, as a source: they are copied."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from crr.config import ValueRange
from crr.data.inventory.facts import FactsOf, facts_of
from crr.types import Label
from workbench.annotation.blobs import Blobs
from workbench.annotation.importing.bringing import Found, FoundImage
from workbench.annotation.importing.files import as_text
from workbench.annotation.records import NewImage


@dataclass(frozen=True)
class Content:
    """An image at hand.

    Attributes:
        name: What it is called.
        content: Of the file.
        label: What is known of it.
        category: Which kind of part it shows.
        value_range: Black and white, if the file does not say them.
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
        StoreError: There is no room.
    """
    images, notes = [], []
    for one in contents:
        facts = look(one.content, one.name, sha256(one.content).hexdigest(), decode=True)
        if facts.error or facts.header is None:
            notes.append(facts.error)
            continue
        digest = blobs.put(one.content)
        height, width = facts.header.upright_size
        image = NewImage(
            as_text(one.name), digest, height, width, one.label, one.category, value_range=one.value_range
        )
        images.append(FoundImage(image))
    return Found(images, notes)
