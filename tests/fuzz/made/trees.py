"""Folders full of images, masks, links, tables and what else lies about."""

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from hypothesis import strategies as st

from crr.data.layouts.names import is_image_name
from tests.fuzz.made.names import folder_names, image_names

Tree = dict[str, "Tree | bytes | Link"]
"""Names to folders, contents of files, and links."""


class Link(str):
    """A link, by where it leads to."""

    __slots__ = ()


def trees() -> st.SearchStrategy[Tree]:
    """Folders of folders."""
    contents = st.sampled_from([picture(0), picture(1), picture(2), b"", b"no image"])
    targets = ["..", ".", "../..", "good", "../good", "000.png", "../000.png", "nowhere", "/nowhere/000.png"]
    links = st.sampled_from(targets).map(Link)
    files = st.dictionaries(image_names(), st.one_of(contents, contents, contents, links), max_size=4)
    return st.recursive(files, _folders_of, max_leaves=12)


def _folders_of(inside: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    folders = st.dictionaries(
        folder_names(), st.one_of(inside, inside, inside, st.just(Link(".."))), max_size=5
    )
    return st.one_of(folders, st.builds(lambda one, other: {**one, **other}, inside, folders))


@cache
def picture(number: int) -> bytes:
    """A small image, another one for each number; good as a mask too."""
    pixels = np.full((20, 28), 40 * number, np.uint8)
    pixels[4:9, 5:12] = 255
    return cv2.imencode(".png", pixels)[1].tobytes()


def plant(tree: Tree, folder: Path) -> None:
    """Write a tree into a folder; names that the file system refuses are left out."""
    folder.mkdir(exist_ok=True)
    for name, content in tree.items():
        path = folder / name
        with suppress(OSError):
            if isinstance(content, dict):
                plant(content, path)
            elif isinstance(content, Link):
                path.symlink_to(str(content))
            else:
                path.write_bytes(content)


def planted(tree: Tree, folder: str) -> Path:
    """A tree on disk, so deep that no link leads out of the folder."""
    root = Path(folder).resolve() / "a" / "set"
    root.parent.mkdir()
    plant(tree, root)
    return root


def images_of(root: Path) -> Iterator[Path]:
    """The image files that lie in a folder, by their names; those of the system too, links not."""
    for parent, _, names in os.walk(root):
        paths = (Path(parent, name) for name in names)
        yield from (path for path in paths if is_image_name(path.name) and not path.is_symlink())
