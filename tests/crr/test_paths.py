"""Every public function that takes a path takes text too, and says of anything else what to give."""

import importlib
import inspect
import pkgutil
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

import crr
from crr.anomalies.textures import texture_files
from crr.checkpoints import (
    card_metadata,
    changed_limits,
    content,
    files,
    measured_scores,
    model_card,
    normals,
    serialization,
)
from crr.data import datasets, images
from crr.data.inventory.looking import look_at_files
from crr.data.layouts.finding import find_images
from crr.data.layouts.names import is_image_path
from crr.data.masks import read_mask_file
from crr.evaluation.comparison import compare, kept_ranges
from crr.evaluation.detection import evaluate
from crr.hub import Store, find
from crr.identity.evaluation import measure_identity
from crr.identity.pairs import pair_files, photos_of_pairs, real_pairs
from crr.inference.predict import predict_files
from crr.inversion.card import write_inversion_figures
from crr.inversion.checkpoint import load_inversion, read_inversion, save_inversion
from crr.inversion.evaluation import measure_inversion
from crr.inversion.network import InversionConfig, create_inversion
from crr.runtime.paths import as_path, as_paths
from crr.training.run_options import RunOptions
from crr.training.snapshots import is_unfinished
from crr.training.trainer import train
from crr.visualization.contact_sheet import is_sheet, write_sheet
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
    dataset = datasets.open_dataset(root / "data")
    return SimpleNamespace(
        root=root,
        detector=detector,
        photo=photo,
        dataset=dataset,
        painter=(config, network),
        figures=evaluate(detector, dataset).as_json(),
        identity=measure_identity(detector, dataset, images=1).as_json(),
        pictures=measure_inversion(network.eval(), [detector], dataset, images=1).as_json(),
    )


def limited(place, checkpoint, out):
    """A checkpoint with other limits, in a folder that is not there yet."""
    shutil.rmtree(place.root / "limited", ignore_errors=True)
    changed_limits.with_limits(checkpoint, out, {}, "said", {})


CALLS = {
    "checkpoints.changed_limits.with_limits checkpoint": (
        "model", lambda place, path: limited(place, path, place.root / "limited")
    ),
    "checkpoints.changed_limits.with_limits out": (
        "limited", lambda place, path: limited(place, place.root / "model", path)
    ),
    "anomalies.textures.texture_files folder": ("data", lambda _, path: texture_files(path)),
    "checkpoints.card_metadata.card_in folder": ("model", lambda _, path: card_metadata.card_in(path)),
    "checkpoints.card_metadata.card_to_change folder": (
        "model", lambda _, path: card_metadata.card_to_change(path)
    ),
    "checkpoints.files.describe path": ("model", lambda _, path: files.describe(path)),
    "checkpoints.files.find name_or_path": ("model", lambda _, path: files.find(path)),
    "checkpoints.files.list_checkpoints folder": ("", lambda _, path: crr.list_checkpoints(path)),
    "checkpoints.content.read_config folder": ("model", lambda _, path: content.read_config(path)),
    "checkpoints.content.open_content folder": (
        "model", lambda _, path: content.open_content(path).__enter__()
    ),
    "checkpoints.measured_scores.read_scores folder": (
        "model", lambda _, path: measured_scores.read_scores(path, "0" * 12)
    ),
    "checkpoints.measured_scores.write_scores folder": (
        "model", lambda place, path: measured_scores.write_scores(path, place.figures, "crr evaluate")
    ),
    "checkpoints.model_card.rewrite_card folder": (
        "model", lambda _, path: model_card.rewrite_card(path, lambda card: card)
    ),
    "checkpoints.model_card.write_figures folder": (
        "model", lambda place, path: model_card.write_figures(path, place.figures, "crr evaluate")
    ),
    "checkpoints.model_card.write_identity folder": (
        "model", lambda place, path: model_card.write_identity(path, place.identity, "crr identity")
    ),
    "checkpoints.normals.find_normals checkpoint": (
        "model", lambda _, path: normals.find_normals(path, ["plate"])
    ),
    "checkpoints.normals.forget_normals checkpoint": (
        "model", lambda _, path: normals.forget_normals(path)
    ),
    "checkpoints.normals.keep_normals checkpoint": (
        "model", lambda _, path: normals.keep_normals(path, {}, ENCODER)
    ),
    "checkpoints.normals.read_credit files": ("photo", lambda _, path: normals.read_credit([path])),
    "checkpoints.serialization.load name_or_path": (
        "model", lambda _, path: serialization.load(path, "cpu")
    ),
    "checkpoints.serialization.save folder": (
        "saved", lambda place, path: crr.save(place.detector, path, "# Card\n")
    ),
    "data.datasets.open_dataset root": ("data", lambda _, path: crr.open_dataset(path)),
    "data.images.content_of source": ("photo", lambda _, path: images.content_of(path, "a photo")),
    "data.images.decode source": ("photo", lambda _, path: crr.decode(path)),
    "data.images.read path": ("photo", lambda _, path: images.read(path)),
    "data.images.read_header source": ("photo", lambda _, path: images.read_header(path, "a photo")),
    "data.inventory.looking.look_at_files paths": ("data", lambda _, path: look_at_files([path])),
    "data.inventory.looking.look_at_files paths, one": ("photo", lambda _, path: look_at_files(path)),
    "data.layouts.names.is_image_path path": ("photo", lambda _, path: is_image_path(path)),
    "data.layouts.finding.find_images paths": ("data", lambda _, path: find_images([path])),
    "data.masks.read_mask_file path": ("photo", lambda _, path: read_mask_file(path, (48, 72))),
    "evaluation.comparison.compare models": (
        "model", lambda place, path: compare([path], place.dataset, device="cpu")
    ),
    "evaluation.comparison.compare models, one": (
        "model", lambda place, path: compare(path, place.dataset, device="cpu")
    ),
    "evaluation.comparison.compare pairs": (
        "pairs", lambda place, path: compare(place.root / "model", place.dataset, path, device="cpu")
    ),
    "evaluation.comparison.kept_ranges models": ("model", lambda _, path: kept_ranges([path])),
    "evaluation.comparison.kept_ranges models, one": ("model", lambda _, path: kept_ranges(path)),
    "hub.resolve.find name_or_path": ("model", lambda _, path: find(path)),
    "hub.resolve.load name_or_path": ("model", lambda _, path: crr.load(path, "cpu")),
    "hub.store.Store root": ("store", lambda _, path: Store(path).all()),
    "identity.evaluation.measure_identity pairs": (
        "pairs", lambda place, path: measure_identity(place.detector, place.dataset, path, images=1)
    ),
    "identity.pairs.pair_files folder": ("pairs", lambda _, path: pair_files(path)),
    "identity.pairs.photos_of_pairs folder": ("pairs", lambda _, path: photos_of_pairs(path)),
    "identity.pairs.real_pairs folder": ("pairs", lambda _, path: real_pairs(path, ENCODER)),
    "inference.predict.predict_files paths": (
        "data", lambda place, path: list(predict_files(place.detector, [path]))
    ),
    "inference.predict.predict_files paths, one": (
        "photo", lambda place, path: list(predict_files(place.detector, path))
    ),
    "inference.predict.predict_files out": (
        "pictures", lambda place, path: list(predict_files(place.detector, place.photo, path))
    ),
    "inversion.card.write_inversion_figures folder": (
        "inversion", lambda place, path: write_inversion_figures(path, place.pictures, "crr")
    ),
    "inversion.checkpoint.load_inversion folder": (
        "inversion", lambda place, path: load_inversion(path, place.detector.encoder)
    ),
    "inversion.checkpoint.read_inversion folder": ("inversion", lambda _, path: read_inversion(path)),
    "inversion.checkpoint.save_inversion folder": (
        "painter", lambda place, path: save_inversion(*place.painter, path, "# Pictures\n")
    ),
    "training.run_options.RunOptions textures": (
        "data",
        lambda place, path: train(
            place.dataset, place.root / "out", tiny_config(), replace(QUICK, textures=path)
        ),
    ),
    "training.snapshots.is_unfinished out": ("trained", lambda _, path: is_unfinished(path)),
    "training.trainer.train out": (
        "trained", lambda place, path: crr.train(place.dataset, path, tiny_config(), QUICK)
    ),
    "visualization.contact_sheet.is_sheet path": (
        "photo", lambda _, path: is_sheet(path)
    ),
    "visualization.contact_sheet.write_sheet out": (
        "sheet.png", lambda place, path: write_sheet(place.dataset, path, count=1, size=32)
    ),
    "visualization.contact_sheet.write_sheet textures": (
        "data",
        lambda place, path: write_sheet(place.dataset, place.root / "s.png", count=1, size=32, textures=path),
    ),
}  # fmt: skip
"""Parameter of a public function to the file or folder that is given, and the call."""

MAY_BE_NONE = {
    "anomalies.textures.texture_files folder", "checkpoints.files.list_checkpoints folder",
    "evaluation.comparison.compare pairs", "hub.store.Store root",
    "identity.evaluation.measure_identity pairs", "inference.predict.predict_files out",
    "training.run_options.RunOptions textures", "visualization.contact_sheet.write_sheet textures",
}  # fmt: skip
CONTENT_TOO = {f"data.images.{name} source" for name in ("content_of", "decode", "read_header")}
THEMSELVES = {"runtime.paths.expanded text", "runtime.paths.as_path given", "runtime.paths.as_paths given"}


@pytest.mark.parametrize("name", CALLS)
def test_a_path_may_be_text(place, name):
    target, call = CALLS[name]
    path = place.photo if target == "photo" else place.root / target
    call(place, str(path))


@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_path_is_a_sentence(place, name):
    _, call = CALLS[name]
    for wrong in (5,) if name in CONTENT_TOO else (5, b"photo.png"):
        with pytest.raises(TypeError, match=r"must be .*path.*give .*text"):
            call(place, wrong)
    if name not in MAY_BE_NONE:
        with pytest.raises(TypeError, match=r"None.* must be .*path"):
            call(place, None)


def test_no_public_function_that_takes_a_path_is_forgotten():
    tested = {name.partition(",")[0] for name in CALLS}
    assert set(parameters_for_paths()) - THEMSELVES == tested


def test_no_public_name_takes_a_path_but_no_text():
    for value in (getattr(crr, name) for name in crr.__all__):
        assert len(paths_of(value)) == len(paths_of(value, "Path"))


def parameters_for_paths() -> Iterator[str]:
    """Each parameter of a public function or class of `crr` that is annotated as a path."""
    for found in pkgutil.walk_packages(crr.__path__, "crr."):
        module = importlib.import_module(found.name) if found.name != "crr.__main__" else crr
        for name, value in vars(module).items():
            if name[0] != "_" and callable(value) and getattr(value, "__module__", "") == found.name:
                place = f"{found.name.removeprefix('crr.')}.{name}"
                yield from (f"{place} {parameter}" for parameter in paths_of(value))


def paths_of(function: Callable[..., object], kind: str = "PathLike") -> list[str]:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # a type such as `StrPath` itself
        return []
    return [name for name, found in parameters.items() if kind in str(found.annotation)]


def test_one_path_is_one_and_not_its_letters():
    assert as_paths("ab") == as_paths(Path("ab")) == [Path("ab")]
    assert as_paths(("a", Path("b"))) == [Path("a"), Path("b")]
    assert as_path("a") == Path("a")
