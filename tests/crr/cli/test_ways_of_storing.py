"""Figures of a data set are the same in whatever way its images and masks are stored."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from tests.crr.cli.commands import crr, read_json
from tests.crr.tiny import write_dataset


def masks_of(root: Path) -> list[Path]:
    return sorted((root / "ground_truth/scratch").iterdir())


def rewritten(
    change: Callable[[NDArray[np.uint8]], NDArray[Any]], suffix: str = ".png"
) -> Callable[[Path], None]:
    def write(root: Path) -> None:
        for mask in masks_of(root):
            values = cv2.imread(str(mask), cv2.IMREAD_UNCHANGED)
            mask.unlink()
            assert cv2.imwrite(str(mask.with_suffix(suffix)), change(values))

    return write


def in_folders(root: Path) -> None:
    for mask in masks_of(root):
        place = mask.parent / mask.stem.removesuffix("_mask")
        place.mkdir()
        values = cv2.imread(str(mask), cv2.IMREAD_UNCHANGED)
        upper = np.where(np.arange(len(values))[:, None] < np.argwhere(values)[:, 0].mean(), values, 0)
        cv2.imwrite(str(place / "000.png"), upper)
        cv2.imwrite(str(place / "001.png"), values - upper)
        mask.unlink()


def beside(root: Path) -> None:
    for mask in masks_of(root):
        mask.rename(root / "test/scratch" / mask.name)
    shutil.rmtree(root / "ground_truth")


def renamed(name: Callable[[str], str]) -> Callable[[Path], None]:
    def rename(root: Path) -> None:
        for mask in masks_of(root):
            mask.rename(mask.with_name(name(mask.name)))

    return rename


def with_good(name: str) -> Callable[[Path], None]:
    def rename(root: Path) -> None:
        (root / "test/good").rename(root / "test" / name)

    return rename


def two_folders_of_good(root: Path) -> None:
    (root / "test/ok").mkdir()
    (root / "test/good/001.png").rename(root / "test/ok/001.png")


def turned(root: Path) -> None:
    """Photos as a sensor saw them, turned by their tags; masks as the sensor saw them, without one."""
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    for photo in sorted((root / "test").rglob("*.png")):
        with PIL.Image.open(photo) as picture:
            picture.transpose(PIL.Image.Transpose.ROTATE_90).save(photo, exif=exif)
    for mask in masks_of(root):
        with PIL.Image.open(mask) as picture:
            picture.transpose(PIL.Image.Transpose.ROTATE_90).save(mask)


def in_shifts(root: Path) -> None:
    for place in ("test/good", "test/scratch", "ground_truth/scratch"):
        for number, path in enumerate(sorted((root / place).iterdir())):
            (root / place / f"shift{number}").mkdir()
            path.rename(root / place / f"shift{number}" / path.name)


def as_windows_calls_jpeg(root: Path) -> None:
    for photo in sorted((root / "test/good").iterdir()):
        photo.rename(photo.with_suffix(".jfif"))


CASES: dict[str, Callable[[Path], None]] = {
    "a folder of masks an image": in_folders,
    "_gt": renamed(lambda name: name.replace("_mask", "_gt")),
    "capitals": renamed(str.upper),
    "0 and 1 in 16 bits": rewritten(lambda values: (values > 0).astype(np.uint16)),
    "classes": rewritten(
        lambda values: np.where(np.arange(72) < 36, 80, 200).astype(np.uint8) * (values > 0)
    ),
    "another format": rewritten(lambda values: values, ".bmp"),
    "beside the photos": beside,
    "test/ok": with_good("ok"),
    "test/Normal": with_good("Normal"),
    "test/good and test/ok": two_folders_of_good,
    "turned by a tag": turned,
    "a folder a shift": in_shifts,
    "without a part to train on": lambda root: shutil.rmtree(root / "train"),
    ".jfif": as_windows_calls_jpeg,
}


def figures(root: Path, tiny_model: Path, out: Path) -> dict[str, Any]:
    crr(
        "evaluate",
        "--model",
        tiny_model,
        "--data",
        root,
        "--json",
        out,
        "--device",
        "cpu",
        "--progress",
        "none",
    )
    found: dict[str, Any] = read_json(out)["categories"]["plate"]
    return found


@pytest.fixture(scope="module")
def plain(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("plain")
    return figures(write_dataset(folder / "set", categories=1) / "plate", tiny_model, folder / "found.json")


@pytest.mark.parametrize("change", CASES.values(), ids=CASES)
def test_figures_do_not_depend_on_how_a_set_is_stored(
    change: Callable[[Path], None], root: Path, tiny_model: Path, plain: dict[str, Any], tmp_path: Path
) -> None:
    change(root)
    found = figures(root, tiny_model, tmp_path / "found.json")
    assert None not in plain.values()
    assert found == pytest.approx(plain, abs=1e-6)
