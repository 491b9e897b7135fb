"""Inspecting files: heat-map and mask pictures beside a record of each image."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crr.data.images import decode, encode_png
from crr.data.inventory.inventory import Inventory
from crr.data.inventory.looking import look_at_files
from crr.data.layouts.mask_files import HEATMAP_BESIDE, PREDICTED
from crr.data.readers import read_ahead
from crr.data.sandbox.sandbox import Sandbox
from crr.errors import CRRError, ImageError
from crr.inference import engine
from crr.models.detector import Detector
from crr.runtime.files import claimed, write_atomically
from crr.runtime.names import FreeNames, folder_name
from crr.runtime.paths import StrPath, as_path, as_paths, real_path
from crr.runtime.progress import Reporter
from crr.types import Image, Inspection, Progress
from crr.visualization.colormap import overlay

_HEATMAP_OPACITY = 0.7

FileRecord = dict[str, Any]

_PICTURES = ("heatmap", "mask")
_NAME_BYTES = 200
"""Most bytes of a picture's stem: of 255 in file systems "_heatmap.png" and a temporary name take some."""


def predict_files(
    detector: Detector,
    paths: Sequence[StrPath] | StrPath,
    out: StrPath | None = None,
    batch_size: int = 8,
    progress: Callable[[Progress], None] | None = None,
    inventory: Inventory | None = None,
    *,
    overwrite: bool = False,
    sandbox: Sandbox | None = None,
) -> Iterator[FileRecord]:
    """Inspect files and folders, a row an image or page in the order given.

    Memory does not grow with their number.

    Args:
        detector: From `crr.load`; its `value_range` holds for images deeper than 8 bits that do not say
            theirs, else one that is guessed from all of them.
        paths: Images, and folders that are searched for images, as text or `Path`; a single one will do.
        out: Folder for `NAME_heatmap.png` and `NAME_mask.png`, in the subfolders that an image of a searched
            folder lies in; None writes no pictures.
        batch_size: Images a forward pass.
        progress: Called about once a second.
        inventory: From `look_at_files` on the same paths; else it is taken here.
        overwrite: Replace what `out` holds under the names of pictures. Never replaced is an image that is
            inspected, a mask without a heat-map, or what else was passed over: names get a number there.
        sandbox: Decodes the images, in processes with limits, for files of strangers; None decodes them here.

    Yields:
        {"path", "page", "score", "percentile", "verdict", "category", "known", "heatmap", "mask"}, or
        {"path", "page", "error"} for what cannot be inspected. Pages count from 1. Paths of pictures are None
        without `out`.

    Raises:
        DatasetError: There is no image at all in `paths`.
        CRRError: `out` cannot be written to, another run writes into it, or it holds files under the names
            of pictures.
    """
    paths = as_paths(paths, "What to inspect")
    out = None if out is None else as_path(out, "The folder for pictures")
    looked = inventory or look_at_files(
        paths,
        value_range=detector.value_range,
        progress=progress,
        look=sandbox and sandbox.facts_of,
    )
    read = partial(_read, looked=looked, decode=decode if sandbox is None else sandbox.decode)
    pages = [page for path in looked.facts for page in _pages_of(path, looked)]
    searched = [path for path in paths if path.is_dir()]
    reporter = Reporter(progress)
    reporter.begin("predict", len(pages))
    with nullcontext() if out is None else claimed(out), ThreadPoolExecutor() as pool:
        names = _picture_names(pages, searched, partial(_must_stay, out, _theirs(looked), overwrite))
        if out is not None and not overwrite:
            _check_free(out, names.values())
        for batch in read_ahead(pool, read, pages, batch_size):
            images = [image for _, image in batch if not isinstance(image, ImageError)]
            inspections = iter(engine.inspect(detector, images, batch_size))
            rows = [
                {"path": str(page.path), "page": page.number + 1, "error": str(image)}
                if isinstance(image, ImageError)
                else pool.submit(_record, page, image, next(inspections), out, names[page])
                for page, image in batch
            ]
            reporter.advance(len(batch), images=len(batch))
            for row in rows:
                yield row.result() if isinstance(row, Future) else row


class _Page(NamedTuple):
    """A page of an image file, counted from 0, and how many the file has."""

    path: Path
    number: int
    total: int

    @property
    def stem(self) -> str:
        """What its pictures are named after."""
        return f"{self.path.stem}_page{self.number + 1}" if self.total > 1 else self.path.stem


def _pages_of(path: Path, inventory: Inventory) -> list[_Page]:
    header = inventory.headers.get(path)
    total = 1 if header is None else len(header.pages)
    return [_Page(path, number, total) for number in range(total)]


def _record(page: _Page, image: Image, inspection: Inspection, out: Path | None, name: str) -> FileRecord:
    """One image's row; writes its pictures."""
    row: FileRecord = {
        "path": str(page.path),
        "page": page.number + 1,
        "score": inspection.score,
        "percentile": inspection.percentile,
        "verdict": inspection.verdict,
        "category": inspection.category,
        "known": inspection.known,
    }
    if out is None:
        return row | dict.fromkeys(_PICTURES)
    map_over_image = overlay(image, inspection.anomaly_map_at(inspection.size), _HEATMAP_OPACITY)
    row["heatmap"] = _write(_picture_file(out, name, "heatmap"), map_over_image)
    row["mask"] = _write(_picture_file(out, name, "mask"), inspection.mask().astype(np.uint8) * 255)
    return row


def _write(file: Path, picture: NDArray[np.uint8]) -> str:
    data = encode_png(picture)
    write_atomically(file, lambda temporary: temporary.write_bytes(data))
    return str(file)


def _theirs(looked: Inventory) -> set[str]:
    """The paths that no picture may replace, in small letters: images, and what is no picture of ours."""
    passed_over = (
        files for why, files in looked.passed_over.items() if why not in (HEATMAP_BESIDE, PREDICTED)
    )
    return {str(real_path(path)).casefold() for path in chain(looked.facts, *passed_over)}


def _must_stay(out: Path | None, theirs: set[str], overwrite: bool, name: str) -> bool:
    """Whether pictures of a name would replace a file of `theirs`, perhaps one with other capitals.

    Or a mask without a heat-map: no run has written it, so that even who wants to overwrite may not mean it.
    """
    if out is None:
        return False
    heatmap, mask = files = [_picture_file(out, name, kind) for kind in _PICTURES]
    drawn = overwrite and os.path.lexists(mask) and not os.path.lexists(heatmap)
    return drawn or any(str(real_path(file)).casefold() in theirs for file in files)


def _check_free(out: Path, names: Iterable[str]) -> None:
    """See that no picture would replace anything; raises `CRRError` if one would."""
    files = (_picture_file(out, name, kind) for name in names for kind in _PICTURES)
    there = [file for file in files if os.path.lexists(file)]
    if there:
        held = "1 file" if len(there) == 1 else f"{len(there):,} files"
        raise CRRError(
            f"{out} holds {held} already where pictures would go, the first is {there[0].relative_to(out)}: "
            "name another folder.",
            remedy="overwrite",
        )


def _picture_names(
    pages: Sequence[_Page], searched: Sequence[Path], is_taken: Callable[[str], bool]
) -> dict[_Page, str]:
    """A name for each page's pictures: its stem, behind the subfolders of a searched folder it was found in.

    It is numbered where it is taken. A very long stem is cut.
    """
    free = FreeNames(is_taken)
    names: dict[_Page, str] = {}
    for page in pages:
        above = page.path.parent
        folders = next(
            (above.relative_to(folder).parts for folder in searched if above.is_relative_to(folder)), ()
        )
        names[page] = free.take("/".join([*map(folder_name, folders), _shortened(page.stem)]))
    return names


def _shortened(stem: str) -> str:
    """The stem, cut at a whole character where its file name would be too long."""
    content = os.fsencode(stem)
    if len(content) <= _NAME_BYTES:
        return stem
    return content[:_NAME_BYTES].decode(errors="ignore")


def _picture_file(out: Path, name: str, kind: str) -> Path:
    return out / f"{name}_{kind}.png"


def _read(page: _Page, looked: Inventory, decode: Callable[..., Image]) -> tuple[_Page, Image | ImageError]:
    if page.path in looked.unusable:
        return page, ImageError(looked.unusable[page.path])
    try:
        return page, decode(page.path, value_range=looked.value_range, page=page.number)
    except ImageError as error:
        return page, error
