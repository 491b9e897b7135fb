"""JSON Lines: an image a line with all that was ever said of it, so that nothing is lost on the way back."""

from pathlib import Path

from workbench.annotation.exporting.selection import Pictures, Selection, stem_of
from workbench.annotation.importing.jsonl import FORMAT, VERSION, Header, ImageLine, RevisionLine, as_line
from workbench.annotation.records import Advance

FILE = "annotations.jsonl"


def write_jsonl(selection: Selection, folder: Path, advance: Advance) -> None:
    """Write a list, and a folder `images` beside it; each opinion of an image has a line."""
    project = selection.project
    pictures = Pictures(selection, folder / "images", advance)
    head = Header(FORMAT, VERSION, project.name, project.scheme, project.models, project.opinions)
    files: dict[str, str] = {}
    with (folder / FILE).open("w", encoding="utf-8") as file:
        file.write(as_line(head))
        for one in selection:
            image = one.item.image
            if image.digest not in files:
                name = pictures.copy(one, stem_of(one))
                if name is None:
                    continue
                files[image.digest] = f"images/{name}"
            history = selection.store.reviews.history(one.item.id)
            line = ImageLine(
                image.name,
                files[image.digest],
                image.digest,
                image.height,
                image.width,
                image.label,
                image.category,
                image.value_range,
                one.item.opinion,
                one.item.reviewed,
                one.item.skipped,
                tuple(RevisionLine(said.author, said.saved.isoformat(), said.review) for said in history),
            )
            file.write(as_line(line))
    pictures.close()
