"""Every public function that takes a path takes text too, and says of anything else what to give."""

import inspect
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

import crr
from crr.anomalies.textures import texture_files
from crr.checkpoints import card_metadata, files, model_card, normals, serialization
from crr.data import datasets, images
from crr.data.layouts.names import is_image_path
from crr.data.layouts.photos import find_images
from crr.data.masks import read_mask_file
from crr.evaluation.comparison import compare
from crr.hub import Store, find, load
from crr.identity.evaluation import measure_identity
from crr.identity.pairs import real_pairs
from crr.inference.predict import predict_files
from crr.inversion.checkpoint import load_inversion, read_inversion, save_inversion
from crr.inversion.network import InversionConfig, create_inversion
from crr.runtime.paths import as_path, as_paths
from crr.training.run_options import RunOptions
from crr.training.snapshots import is_unfinished
from crr.training.trainer import train
from crr.visualization.contact_sheet import write_sheet
from tests.crr.tiny import ENCODER, calibrated_detector, tiny_config, write_dataset

QUICK = RunOptions("cpu", workers=0, overwrite=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> SimpleNamespace:
    """A checkpoint, a data set, pairs, an inversion network, textures and a photo, by their paths."""
    root = tmp_path_factory.mktemp("paths")
    detector = calibrated_detector()
    serialization.save(detector, root / "model", "# Tiny\n")
    write_dataset(root / "data")
    photo = next((root / "data").rglob("*.png"))
    for part in ("clean", "defective", "mask"):
        (root / "pairs" / part).mkdir(parents=True)
        picture = np.full((48, 72, 3), 200 if part == "clean" else 90, np.uint8)
        cv2.imwrite(str(root / "pairs" / part / "a.png"), picture)
    config = InversionConfig(encoder=detector.config.encoder, encoder_digest=detector.encoder.digest)
    network = create_inversion(config, detector.encoder.layers)
    save_inversion(config, network, root / "inversion", "# Pictures\n")
    return SimpleNamespace(
        root=root, detector=detector, photo=photo, dataset=datasets.open_dataset(root / "data")
    )


CALLS = {
    "crr.load": ("model", lambda _, path: crr.load(path, "cpu")),
    "crr.hub.find": ("model", lambda _, path: find(path)),
    "crr.hub.load": ("model", lambda _, path: load(path, "cpu")),
    "crr.hub.Store": ("store", lambda _, path: Store(path).all()),
    "crr.save": ("saved", lambda place, path: crr.save(place.detector, path, "# Card\n")),
    "crr.list_checkpoints": ("", lambda _, path: crr.list_checkpoints(path)),
    "files.find": ("model", lambda _, path: files.find(path)),
    "files.describe": ("model", lambda _, path: files.describe(path)),
    "files.read_config": ("model", lambda _, path: files.read_config(path)),
    "files.read_content": ("model", lambda _, path: files.read_content(path)),
    "serialization.load": ("model", lambda _, path: serialization.load(path, "cpu")),
    "find_normals": ("model", lambda _, path: normals.find_normals(path, ["plate"])),
    "keep_normals": ("model", lambda _, path: normals.keep_normals(path, {}, ENCODER)),
    "read_credit": ("photo", lambda _, path: normals.read_credit([path])),
    "card_in": ("model", lambda _, path: card_metadata.card_in(path)),
    "card_to_change": ("model", lambda _, path: card_metadata.card_to_change(path)),
    "rewrite_card": ("model", lambda _, path: model_card.rewrite_card(path, lambda card: card)),
    "crr.train": ("trained", lambda place, path: crr.train(place.dataset, path, tiny_config(), QUICK)),
    "RunOptions.textures": (
        "data",
        lambda place, path: train(
            place.dataset, place.root / "out", tiny_config(), replace(QUICK, textures=path)
        ),
    ),
    "is_unfinished": ("trained", lambda _, path: is_unfinished(path)),
    "predict_files": ("data", lambda place, path: list(predict_files(place.detector, [path]))),
    "predict_files, one": ("photo", lambda place, path: list(predict_files(place.detector, path))),
    "predict_files, out": (
        "pictures", lambda place, path: list(predict_files(place.detector, place.photo, path))
    ),
    "compare": ("model", lambda place, path: compare([path], place.dataset, device="cpu")),
    "compare, one": ("model", lambda place, path: compare(path, place.dataset, device="cpu")),
    "measure_identity": (
        "pairs", lambda place, path: measure_identity(place.detector, place.dataset, path, images=1)
    ),
    "real_pairs": ("pairs", lambda _, path: real_pairs(path, ENCODER)),
    "load_inversion": ("inversion", lambda place, path: load_inversion(path, place.detector.encoder)),
    "read_inversion": ("inversion", lambda _, path: read_inversion(path)),
    "texture_files": ("data", lambda _, path: texture_files(path)),
    "write_sheet": ("sheet.png", lambda place, path: write_sheet(place.dataset, path, count=1, size=32)),
    "write_sheet, textures": (
        "data",
        lambda place, path: write_sheet(place.dataset, place.root / "s.png", count=1, size=32, textures=path),
    ),
    "crr.decode": ("photo", lambda _, path: crr.decode(path)),
    "crr.open_dataset": ("data", lambda _, path: crr.open_dataset(path)),
    "find_images": ("data", lambda _, path: find_images([path])),
    "images.read": ("photo", lambda _, path: images.read(path)),
    "is_image_path": ("photo", lambda _, path: is_image_path(path)),
    "read_mask_file": ("photo", lambda _, path: read_mask_file(path, (48, 72))),
}  # fmt: skip
MAY_BE_NONE = {"crr.hub.Store", "crr.list_checkpoints", "RunOptions.textures", "predict_files, out"}
MAY_BE_NONE |= {"measure_identity", "texture_files", "write_sheet, textures"}


@pytest.mark.parametrize("name", CALLS)
def test_a_path_may_be_text(place, name):
    target, call = CALLS[name]
    path = place.photo if target == "photo" else place.root / target
    call(place, str(path))


@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_path_is_a_sentence(place, name):
    _, call = CALLS[name]
    for wrong in (5, b"photo.png") if name != "crr.decode" else (5,):
        with pytest.raises(TypeError, match=r"must be .*path.*give .*text"):
            call(place, wrong)
    if name not in MAY_BE_NONE:
        with pytest.raises(TypeError, match=r"None.* must be .*path"):
            call(place, None)


def test_no_public_name_that_takes_a_path_is_forgotten():
    tested = {"load", "save", "list_checkpoints", "train", "RunOptions", "open_dataset", "decode"}
    takes = {
        name
        for name in crr.__all__
        if callable(value := getattr(crr, name))
        and any("Path" in str(parameter.annotation) for parameter in _parameters(value))
    }
    assert takes <= tested


def _parameters(value: object) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(value).parameters.values())  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return []


def test_one_path_is_one_and_not_its_letters():
    assert as_paths("ab") == as_paths(Path("ab")) == [Path("ab")]
    assert as_paths(("a", Path("b"))) == [Path("a"), Path("b")]
    assert as_path("a") == Path("a")
