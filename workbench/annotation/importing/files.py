"""Image files become images of a project: copied into the data folder, or left where they are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from crr.config import ValueRange
from crr.data.images import content_of
from crr.data.inventory.facts import FactsOf, FileFacts, read_facts
from crr.data.inventory.guessing import guess
from crr.data.inventory.sentences import cut_lines
from crr.errors import ConfigError
from crr.runtime.paths import real_path
from crr.runtime.progress import Reporter
from crr.types import Label
from workbench.annotation.blobs import Blobs
from workbench.annotation.errors import SourceError
from workbench.annotation.records import NewImage

LONGEST_NAME = 1000
"""Letters of an image's name."""


@dataclass(frozen=True)
class Keeping:
    """How the images of a source are kept.

    Attributes:
        blobs: Where copied contents go; None: files stay where they are, and have to stay there.
        look: Who looks into files, as `crr.data.sandbox` does into those of strangers.
        reporter: Told of each file.
        value_range: Black and white of files that do not say it; guessed from all of a source if None.
    """

    blobs: Blobs | None = None
    look: FactsOf | None = None
    reporter: Reporter | None = None
    value_range: ValueRange | None = None

    def facts_of(self, paths: Sequence[Path]) -> dict[Path, FileFacts]:
        """The facts of each file, in order; a bad one has its error."""
        if self.reporter is not None:
            self.reporter.begin("read", len(paths))
        return read_facts(paths, self.reporter, look=self.look)

    def range_of(self, facts: Mapping[Path, FileFacts]) -> tuple[ValueRange | None, list[str]]:
        """Black and white for those of some files that do not say theirs, and what to say of it."""
        return range_of([(str(path), fact) for path, fact in facts.items()], self.value_range)

    def image(
        self,
        path: Path,
        facts: FileFacts,
        name: str,
        label: Label | None = None,
        category: str = "",
        value_range: ValueRange | None = None,
    ) -> NewImage:
        """A file that can be used, as an image of a project.

        Args:
            path: The file.
            facts: What it is.
            name: What it is called.
            label: What is known of it.
            category: Which kind of part it shows.
            value_range: For files that do not say theirs, from `range_of`.

        Raises:
            SourceError: Its name is no text, or it changed meanwhile.
            StoreError: There is no room for its copy.
        """
        assert facts.header is not None
        height, width = facts.header.upright_size
        name = as_text(name)
        if self.blobs is not None:
            content, _ = content_of(path)
            if self.blobs.put(content) != facts.digest:
                raise SourceError(f"{path} changed while it was read. Try again when nobody writes it.")
            return NewImage(
                name,
                facts.digest,
                height,
                width,
                label,
                category,
                value_range=needed_range(facts, value_range),
            )
        place = str(real_path(path))
        if as_text(place) != place:
            raise SourceError(
                f"{as_text(place)} has a name that is no text, by which nobody finds it again. Rename it, or "
                "have the images copied."
            )
        status = path.stat()
        return NewImage(
            name,
            facts.digest,
            height,
            width,
            label,
            category,
            place,
            status.st_size,
            status.st_mtime_ns,
            needed_range(facts, value_range),
        )


def needed_range(facts: FileFacts, value_range: ValueRange | None) -> ValueRange | None:
    """The range to keep with a file: none if it says its own."""
    return value_range if facts.silent else None


def range_of(
    facts: Sequence[tuple[str, FileFacts]], given: ValueRange | None = None
) -> tuple[ValueRange | None, list[str]]:
    """Black and white for those files of a source that do not say theirs, and what to say of it.

    Args:
        facts: Name and facts of each file.
        given: What somebody said.

    Raises:
        SourceError: It is not `given`, and cannot be guessed from them.
    """
    if given is not None:
        return given, [*_read_by(facts, given)]
    try:
        found, unknown = guess({place: fact for place, (_, fact) in enumerate(facts)})
    except ConfigError as error:
        raise SourceError(str(error), remedy=error.remedy) from error
    for place, why in unknown.items():
        raise SourceError(f"{facts[place][0]} {why}", remedy="value_range")
    if found is None:
        return None, []
    return found, [f"Some images do not say which value is white: {found} is guessed from all that come."]


def kept_range(known: Iterable[NewImage]) -> ValueRange | None:
    """Black and white by which a project's images are read, where one range holds for all that need any.

    Images that come later are read by it too, or two of one camera could not be compared.
    """
    kept = {image.value_range for image in known if image.value_range is not None}
    return kept.pop() if len(kept) == 1 else None


def _read_by(facts: Sequence[tuple[str, FileFacts]], given: ValueRange) -> Iterator[str]:
    """What to say of files that are read by a range which is not guessed from them."""
    if any(fact.silent for _, fact in facts):
        yield f"Images that do not say which value is white are read from {given}, as said or as others here."
    yield from cut_lines([name for name, fact in facts if fact.is_beyond(given)])


def as_text(name: str) -> str:
    """A name as a database keeps it: what is no character is escaped; cut at its left if too long."""
    text = name.encode(errors="backslashreplace").decode().replace("\0", "")
    return text if len(text) <= LONGEST_NAME else f"…{text[-LONGEST_NAME + 1 :]}"


def name_below(root: Path, path: Path) -> str:
    """What a file is called that lies in a folder: its path from there, with slashes."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def file_beside(file: Path, name: str) -> Path | None:
    """The file that a list names, below its folder or below `images` there; None if it is not there.

    Raises:
        SourceError: It names something elsewhere.
    """
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or not parts.parts or ".." in parts.parts or ":" in parts.parts[0] or "\0" in name:
        raise SourceError(
            f"{file.name}: {name!r} is no file below the folder of the list. Name it from there."
        )
    for folder in (file.parent, file.parent / "images"):
        try:
            if (folder / parts).is_file():
                return folder / parts
        except OSError:  # longer than a name may be
            return None
    return None


def left_out(reasons: Mapping[Path, str]) -> list[str]:
    """What to say of files that cannot be used: how many, and the first ones with the reason."""
    if not reasons:
        return []
    first = " ".join(list(reasons.values())[:3])
    return [f"{len(reasons):,} of the images cannot be used and are left out. {first}"]


def not_used(files: Iterable[tuple[str, FileFacts]]) -> list[str]:
    """What to say of files, with their names, that hold more than the one picture that is taken."""
    headers = [(name, fact.header) for name, fact in files if fact.header is not None]
    kinds = {
        "have several pages, such as {}: the first one is taken": [
            name for name, header in headers if len(header.pages) > 1 or header.unread
        ],
        "have more channels than colour, such as {}: they are not used": [
            name for name, header in headers if header.unused_channels
        ],
    }
    return [
        f"{len(names):,} files {words.format(as_text(PurePosixPath(names[0]).name))}."
        for words, names in kinds.items()
        if names
    ]


def not_used_of(facts: Mapping[Path, FileFacts]) -> list[str]:
    """The same of files on the disk."""
    return not_used((path.name, fact) for path, fact in facts.items())


def refuse_unusable(facts: Mapping[Path, FileFacts]) -> None:
    """See that each file of a list can be used; raises `SourceError` with the first that cannot."""
    errors = [fact.error for fact in facts.values() if fact.error]
    if errors:
        others = f" So it is with {len(errors) - 1:,} more." if errors[1:] else ""
        raise SourceError(f"{errors[0]}{others}")
