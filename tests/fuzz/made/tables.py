"""Tables and lists of images, as people's programs write them and as they break."""

import json
from typing import Any

from hypothesis import strategies as st

_COLUMNS = [
    "path",
    "image",
    "File Name",
    "label",
    "CLASS",
    "split",
    "mask",
    "object",
    "",
    "\u0130",
    "label",
    "path ",
]
_CELLS = [
    "part/000.png",
    "part/001.png",
    "part\\001.png",
    "good",
    "OK",
    "bad",
    "0",
    "1",
    "train",
    "test",
    "val",
    "",
]
_CELLS += [
    "part/masks/001.png",
    "part/masks/001.png; part/masks/000.png",
    ";",
    "..",
    "../../x",
    "/",
    "~",
    "C:\\x.png",
]
_CELLS += [
    "\0",
    "a\0b.png",
    "x" * 300,
    "x/" * 3000,
    "part",
    "=1+1",
    '"',
    "é",
    "e\u0301",
    "\ud800",
    "nan",
    " good ",
]
_ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp932"]
_WHOLE = b"path,label,split,mask\npart/000.png,good,train,\npart/001.png,bad,test,part/masks/001.png\n"


def tables() -> st.SearchStrategy[bytes]:
    """Contents of a .csv file."""
    cells = st.one_of(st.sampled_from(_CELLS), st.text(max_size=20))
    lines = st.lists(st.lists(cells, max_size=6), max_size=6)
    columns = st.one_of(
        st.just(["path", "label", "split", "mask", "category"]),
        st.lists(st.one_of(st.sampled_from(_COLUMNS), st.text(max_size=8)), max_size=6),
    )
    written = st.builds(
        _written, columns, lines, st.sampled_from(",,;\t"), st.booleans(), st.sampled_from(_ENCODINGS)
    )
    return st.one_of(written, written, broken(st.just(_WHOLE)), st.binary(max_size=200), huge())


def _written(
    columns: list[str], lines: list[list[str]], separator: str, quoted: bool, encoding: str
) -> bytes:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if quoted else text

    text = "\r\n".join(separator.join(map(cell, line)) for line in [columns, *lines])
    return text.encode(encoding, "replace" if encoding != "utf-8" else "surrogatepass")


def huge() -> st.SearchStrategy[bytes]:
    """Tables with a cell that is larger than Python's csv takes, and with very many columns."""
    return st.sampled_from(
        [
            _WHOLE + b"x" * 200_000 + b",good\n",
            _WHOLE + b'"' + b"x\n" * 100_000,
            b"path,label" + b"," * 50_000,
        ]
    )


def lists() -> st.SearchStrategy[bytes]:
    """Contents of a .json file of Real-IAD."""
    paths = st.one_of(
        st.sampled_from(["OK/000.png", "bad/000.png", *_CELLS]), st.text(max_size=10), odd_values()
    )
    rows = st.fixed_dictionaries(
        {
            "anomaly_class": st.one_of(st.sampled_from(["OK", "bad", "", "good"]), odd_values()),
            "image_path": paths,
        },
        optional={"mask_path": paths},
    )
    parts = st.one_of(st.lists(rows, max_size=4), st.lists(rows, max_size=4), odd_values())
    meta = st.one_of(
        st.fixed_dictionaries(
            {"prefix": st.one_of(st.sampled_from(["part/", "part", "\\part\\", "..", "\0"]), odd_values())},
            optional={"normal_class": st.one_of(st.just("OK"), odd_values())},
        ),
        odd_values(),
    )
    whole = st.fixed_dictionaries({"meta": meta}, optional={"train": parts, "test": parts})
    return st.one_of(whole, whole, odd_values()).map(_as_json) | broken(whole.map(_as_json))


def coco_lists() -> st.SearchStrategy[bytes]:
    """Contents of a .json file of COCO, whose images lie beside it or not."""
    numbers = st.one_of(st.integers(-2, 4), st.sampled_from([2**40, 2**70, -1e300, True, None]), odd_values())
    names = st.one_of(st.sampled_from(["000.png", "images/001.png", *_CELLS]), st.text(max_size=10))
    corners = st.lists(st.one_of(st.integers(-9, 40), st.floats(-1e9, 1e9)), max_size=9)
    runs = st.fixed_dictionaries(
        {
            "size": st.one_of(st.just([20, 28]), st.lists(numbers, max_size=3)),
            "counts": st.one_of(
                st.lists(st.integers(-9, 700), max_size=6), st.text(max_size=12), odd_values()
            ),
        }
    )
    images = st.fixed_dictionaries(
        {
            "id": numbers,
            "file_name": names,
            "height": st.sampled_from([20, 20, 20, 0, -1]),
            "width": st.just(28),
        },
        optional={"judgement": names, "tags": odd_values(), "known_label": names},
    )
    annotations = st.fixed_dictionaries(
        {"id": numbers, "image_id": st.integers(0, 2), "category_id": st.integers(0, 2)},
        optional={"segmentation": st.one_of(st.lists(corners, max_size=3), runs, odd_values())},
    )
    categories = st.fixed_dictionaries({"id": st.integers(0, 2), "name": st.one_of(names, odd_values())})
    whole = st.fixed_dictionaries(
        {
            "images": st.lists(images, max_size=3),
            "annotations": st.lists(annotations, max_size=4),
            "categories": st.lists(categories, max_size=3),
        }
    )
    return st.one_of(whole, whole, odd_values()).map(_as_json) | broken(whole.map(_as_json))


def odd_values() -> st.SearchStrategy[Any]:
    """Anything that JSON can hold."""
    plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
    return st.recursive(
        plain, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside)
    )


def _as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def broken(contents: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Contents with a stretch replaced by other bytes."""
    return st.builds(_broken, contents, st.integers(0, 200), st.integers(0, 40), st.binary(max_size=12))


def _broken(content: bytes, place: int, length: int, other: bytes) -> bytes:
    return content[:place] + other + content[place + length :]
