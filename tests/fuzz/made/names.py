"""Names of files and folders as data sets have them, and as nobody would expect them."""

import os

from hypothesis import strategies as st

_FOLDERS = [
    "train",
    "test",
    "good",
    "OK",
    "bad",
    "Ground_Truth",
    "masks",
    "Images",
    "Data",
    "Normal",
    "validation",
]
_FOLDERS += [
    "test_private",
    "000",
    "a b",
    "é",
    "e\u0301",
    "ﬁ",
    "İ",
    ".hidden",
    "__MACOSX",
    "x.png",
    "line 1.",
    "-",
]
_IMAGES = ["000.png", "000_mask.png", "001.PNG", "000.bmp", "é.png", "e\u0301.png", "é_mask.png", "._000.png"]
_IMAGES += [
    "a.b.png",
    " .png",
    "_mask.png",
    "000_mask_1.png",
    ".png",
    "0\n1.png",
    "Thumbs.db",
    "000.txt",
    "x",
]


def folder_names() -> st.SearchStrategy[str]:
    """Names of folders."""
    return st.one_of(st.sampled_from(_FOLDERS), odd_names())


def image_names() -> st.SearchStrategy[str]:
    """Names of files, most of which are those of images."""
    return st.one_of(st.sampled_from(_IMAGES), odd_names(".png"))


def odd_names(ending: str = "") -> st.SearchStrategy[str]:
    """Any names that a file system takes, with bytes that are no UTF-8."""
    names = st.binary(min_size=1, max_size=12).map(lambda name: name.replace(b"/", b"").replace(b"\0", b""))
    readable = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), max_size=12)
    texts = st.one_of(names.map(os.fsdecode), readable)
    return texts.filter(lambda name: name not in ("", ".", "..")).map(lambda name: name + ending)
