"""What names of files and folders mean: images, masks, good parts, and files that belong to the system.

Names are compared without case and in one Unicode form: a Mac writes "é" as two characters, Linux as one.
"""

import re
from collections.abc import Container, Iterable
from pathlib import PurePath
from unicodedata import normalize

from crr.data.image_formats import IMAGE_SUFFIXES
from crr.runtime.paths import StrPath, as_path

TRAIN, TEST = ("train", "training"), ("test", "test_public", "testing")
"""What the parts of a data set are called, as names are compared."""

_SYSTEM = {
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r",
    "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@sharesnap", "@tmp",
    "$recycle.bin", "system volume information", "lost+found",
}  # fmt: skip
_GOOD = {
    "good", "ok", "okay", "normal", "nominal", "clean", "pass", "passed", "gut", "io", "fine", "healthy",
    "defectfree", "nodefect", "nodefects", "nondefective", "noanomaly", "anomalyfree", "negative",
    "undamaged", "intact", "flawless", "faultless", "nonanomalous", "accepted", "accept", "golden", "perfect",
    "conforming", "conform", "reference", "bon", "bons", "bonnes", "bueno", "buenos", "buona", "buone",
    "gutteil", "gutteile",
}  # fmt: skip
_BAD = {
    "bad", "ng", "nok", "notok", "nio", "defect", "defects", "defective", "anomaly", "anomalies", "anomalous",
    "abnormal", "damaged", "broken", "fail", "failed", "fault", "faults", "faulty", "reject", "rejects",
    "rejected", "schlecht", "ausschuss", "positive", "def", "ko",
    "schlechtteil", "schlechtteile", "fehler", "fehlerhaft", "defekt", "mauvais", "malo", "malos",
    "defectuoso", "defectuosos", "difettoso", "difettose",
}  # fmt: skip
_DEFECTS = {
    "scratch", "crack", "dent", "hole", "stain", "contamination", "chip", "burr", "rust", "corrosion", "tear",
    "blowhole", "fray", "pitting", "void", "wrinkle", "breakage", "misprint", "deformation", "bubble",
}  # fmt: skip
"""What kinds of defects are called most, so that a folder of that name is none of good parts."""
_ONLY_FOLDERS = {
    "positive", "negative", "io", "nio", "fine", "clean", "pass", "nominal", "intact", "normal", "reference",
    "bon", "malo",
}  # fmt: skip
"""Of these the words that mean something else in a longer name: "fine_scratch", "normal light"."""
_NO_PHOTOS = {"def", "ko"}
"""Likewise in the name of a photo: "abc-def-01"."""
_NOT = {"not", "no", "non", "un", "without", "almost", "nearly"}
_NEUTRAL = {
    "unsorted", "unknown", "unlabeled", "unlabelled", "unclear", "new", "all", "mixed", "misc", "other",
    "others", "rest", "todo", "inbox", "rework", "train", "training", "test", "testing", "val", "valid",
    "validation", "eval", "evaluation", "raw", "camera", "cam", "day", "line", "batch", "lot",
}  # fmt: skip
_MASKS = {"groundtruth", "groundtruths", "gt", "mask", "masks", "annotation", "annotations", "segmentation"}
_LABELS = {"label", "labels"}
_WHAT_IT_HOLDS = {
    "dir", "folder", "data", "set", "image", "images", "img", "imgs", "picture", "pictures", "photo",
    "photos", "part", "parts", "sample", "samples",
}  # fmt: skip
"""Words that a folder's name may hold besides what tells it from others: "good_parts", "normal images"."""
_VIEWS = {"front", "back", "top", "bottom", "left", "right", "side", "view"}
"""What a folder's name may hold besides, too: "ok_front"."""
_MASK_ENDING = re.compile(
    r"(?<=.)[-_. ](?:mask|masks|gt|label|labels|seg|segmentation|ground[-_ ]?truth|annotation)"
    r"(?:[-_. ]?\d+)?$"
)
_CAPITALS = re.compile(r"([a-z])([A-Z])")
_NO_NUMBER = re.compile(r"[^a-fA-F]")
_HEATMAP_ENDING = re.compile(r"(?<=.)_heatmap$")


def key(name: str) -> str:
    """A name by which it is compared with others."""
    return normalize("NFC", name).casefold()


def is_system(name: str) -> bool:
    """Whether a file or folder of that name belongs to the system: ".git", "._part.png", "@eaDir"."""
    return name.startswith(".") or key(name) in _SYSTEM


def is_image_name(name: str) -> bool:
    """Whether a file is an image by its name, and none of the system's."""
    return PurePath(name).suffix.lower() in IMAGE_SUFFIXES and not is_system(name)


def is_image_path(path: StrPath) -> bool:
    """Whether a path is an image by its name, and neither it nor a folder in it is the system's."""
    path = as_path(path)
    return is_image_name(path.name) and not any(map(is_system, path.parts))


def is_good(name: str) -> bool:
    """Whether a folder or label of that name means parts without a defect: "good", "OK", "defect-free"."""
    return _letters(name) in _GOOD


def is_bad(name: str) -> bool:
    """Whether a folder of that name means parts with some defect: "bad", "NG_parts", "abnormal_dir"."""
    return _letters(name) in _BAD


def may_mean_good(name: str) -> bool:
    """Whether a folder or label of that name may mean good parts, or a defect of such: "ok_with_dust"."""
    words = _words(name)
    understood = is_good(name) or is_bad(name)
    return not understood and bool(words & (_GOOD - _ONLY_FOLDERS)) and not words & (_BAD | _NOT)


def tells_of_parts(name: str) -> bool:
    """Whether a name holds a word for good or bad parts, whatever else it says: "good2024", "line 3 NG"."""
    return is_good(name) or is_bad(name) or bool(_words(name) & ((_GOOD | _BAD) - _ONLY_FOLDERS))


def is_kind_of_defect(name: str) -> bool:
    """Whether a folder of that name holds parts with one kind of defect: "scratch", "Cracks"."""
    letters = _letters(name)
    return bool({letters, letters.removesuffix("s"), letters.removesuffix("es")} & _DEFECTS)


def hints_at_bad(stem: str) -> bool:
    """Whether the name of a photo holds a word for bad parts: "000_ng"."""
    return bool(_words(stem) & (_BAD - _ONLY_FOLDERS - _NO_PHOTOS))


def told_by_folders(paths: Iterable[PurePath]) -> dict[PurePath, bool]:
    """Image to whether its part is defective, for images that came together and whose folders' names say so.

    The innermost folder that says something decides: "line1/ok/000.png". One beside a folder of good parts is
    of defective ones, as "test/crack" beside "test/good", unless its name says nothing of parts ("unsorted").
    What the outermost folder is called counts only where no folder in it says anything.
    """
    paths = list(paths)
    beside_good = {
        folder.parent
        for path in paths
        for folder in path.parents[:-1]
        if folder.name and is_good(folder.name)
    }
    deciding = {path: _deciding(path, beside_good) for path in paths}
    inner = {_outermost(path) for path, found in deciding.items() if found and found[0] != _outermost(path)}
    return {
        path: found[1]
        for path, found in deciding.items()
        if found and (found[0] != _outermost(path) or found[0] not in inner)
    }


def _deciding(path: PurePath, beside_good: Container[PurePath]) -> tuple[PurePath, bool] | None:
    """The innermost folder that says what its parts are, and whether they are defective."""
    for folder in path.parents:
        if is_good(folder.name) or is_bad(folder.name):
            return folder, is_bad(folder.name)
        if folder.name and folder.parent in beside_good and not _is_neutral(folder.name):
            return folder, True
    return None


def _outermost(path: PurePath) -> PurePath | None:
    folders = [folder for folder in path.parents if folder.name]
    return folders[-1] if folders else None


def _is_neutral(name: str) -> bool:
    letters = _letters(name)
    return letters in _NEUTRAL or letters in _WHAT_IT_HOLDS or is_masks(name) or is_system(name)


def is_masks(name: str) -> bool:
    """Whether a folder of that name holds masks: "ground_truth", "Masks"."""
    return _letters(name) in _MASKS


def says_nothing(name: str) -> bool:
    """Whether a folder's name says only that it holds images, and of what kind they are nothing: "images"."""
    return _letters(name) in _WHAT_IT_HOLDS


def is_labels(name: str) -> bool:
    """Whether a folder of that name holds masks or photos of printed labels: "Label"."""
    return _letters(name) in _LABELS


def without_mask_ending(stem: str) -> str | None:
    """The key of the image that a mask is of: "000" for the stem "000_mask"; None without such an ending."""
    return _without(_MASK_ENDING, stem)


def without_heatmap_ending(stem: str) -> str | None:
    """The key of the image that a heat-map is of: "000" for "000_heatmap"; None without such an ending."""
    return _without(_HEATMAP_ENDING, stem)


def _without(ending: re.Pattern[str], stem: str) -> str | None:
    own = key(stem)
    shorter = ending.sub("", own)
    return None if shorter == own else shorter


def _words(name: str) -> set[str]:
    """The words of a name, also where a capital parts them, or a number follows: "OkParts", "NG01".

    What may be a number itself, as in the names that programs give ("bad1-4def"), is none.
    """
    found = set()
    for token in re.split(r"[\W_]+", _CAPITALS.sub(r"\1 \2", name)):
        word = token.strip("0123456789")
        if word.isalpha() and (word == token or _NO_NUMBER.search(word)):
            found.add(key(word))
    return found


def _letters(name: str) -> str:
    """What a name says, without numbers and words that say nothing of it: "normal" for "0_Normal-Images"."""
    words = re.split(r"[-_. ]+", key(name))
    empty = _WHAT_IT_HOLDS | _VIEWS
    telling = [word for word in words if word not in empty and not word.isdecimal()]
    return "".join(telling or words)
