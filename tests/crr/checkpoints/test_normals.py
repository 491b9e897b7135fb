"""Normal images beside a checkpoint."""

from dataclasses import replace

import cv2
import numpy as np
import PIL.Image
import pytest

from crr.checkpoints.files import NORMALS
from crr.checkpoints.normals import (
    find_normals,
    forget_normals,
    held_back_normals,
    keep_normals,
    read_credit,
)
from crr.checkpoints.serialization import save
from crr.data.datasets import open_dataset
from crr.data.images import decode
from crr.errors import ConfigError
from crr.training.run_options import RunOptions
from crr.training.trainer import train
from tests.crr.tiny import ENCODER, tiny_config, tiny_detector, write_dataset


@pytest.fixture
def dataset(tmp_path):
    return open_dataset(write_dataset(tmp_path / "data", images=10))


@pytest.fixture
def held_back(dataset):
    return held_back_normals(dataset, 0.5, seed=0)


def test_they_are_the_images_that_a_training_holds_back(dataset, tmp_path):
    config = tiny_config()
    train(dataset, tmp_path / "model", config, RunOptions(device="cpu", workers=0, normals=2))
    expected = held_back_normals(dataset, config.training.validation_share, config.training.seed)
    found = find_normals(tmp_path / "model", ["plate", "ring"])
    assert {name: len(files) for name, files in found.items()} == {"plate": 2, "ring": 2}
    plates = dataset.categories[0].train
    images = [decode(sample.path).astype(int) for sample in plates]
    for kept in map(decode, found["plate"]):  # JPEG changes pixels a little
        nearest = plates[int(np.argmin([np.abs(kept - image).mean() for image in images]))]
        assert nearest in expected["plate"]


def test_a_photo_that_was_saved_anew_changes_nothing_of_what_is_held_back(dataset):
    alone = held_back_normals(dataset, 0.4, seed=0)
    for sample in dataset.categories[0].train[::2]:
        PIL.Image.open(sample.path).save(sample.path.with_suffix(".tiff"))
    again = held_back_normals(open_dataset(dataset.root), 0.4, seed=0)
    assert again == alone


def test_photos_of_somebody_behind_a_link_stay(held_back, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    for number in range(9):
        (mine / f"{number:03}.jpg").write_bytes(b"mine")
    (tmp_path / "model" / NORMALS).mkdir(parents=True)
    (tmp_path / "model" / NORMALS / "plate").symlink_to(mine)
    forget_normals(tmp_path / "model")
    keep_normals(tmp_path / "model", held_back, ENCODER, 2)
    assert [path.read_bytes() for path in sorted(mine.iterdir())] == 9 * [b"mine"]
    assert len(find_normals(tmp_path / "model", ["plate"])["plate"]) == 2
    forget_normals(tmp_path / "model")
    assert find_normals(tmp_path / "model", ["plate"]) == {}


def test_a_training_may_keep_none(dataset, tmp_path):
    train(dataset, tmp_path / "model", tiny_config(), RunOptions(device="cpu", workers=0, normals=0))
    assert not (tmp_path / "model" / NORMALS).exists()


def test_a_small_jpeg_is_kept_as_it_is_and_a_large_image_shrunk(dataset, held_back, tmp_path):
    small, large = (dataset.root / "plate" / "train" / "good" / name for name in ("small.jpg", "large.png"))
    cv2.imwrite(str(small), np.full((40, 60, 3), 120, np.uint8))
    cv2.imwrite(str(large), np.full((900, 1800, 3), 120, np.uint8))
    first = held_back["plate"][0]
    samples = {"plate": [replace(first, path=small), replace(first, path=large)]}
    keep_normals(tmp_path / "model", samples, ENCODER)
    files = find_normals(tmp_path / "model", ["plate"])["plate"]
    assert files[0].read_bytes() == small.read_bytes()
    assert decode(files[1]).shape == (256, 512, 3)


def test_fewer_than_before_leave_none_of_the_others(held_back, tmp_path):
    keep_normals(tmp_path / "model", held_back, ENCODER, 4)
    keep_normals(tmp_path / "model", {"plate": held_back["plate"]}, ENCODER, 1)
    found = find_normals(tmp_path / "model", ["plate", "ring"])
    assert {name: len(files) for name, files in found.items()} == {"plate": 1, "ring": 4}


def test_a_model_borrows_those_of_one_beside_it_that_held_back_the_same(held_back, tmp_path):
    keep_normals(tmp_path / "other", held_back, ENCODER, 2)
    keep_normals(tmp_path / "model", {"plate": held_back["plate"]}, ENCODER, 1)
    assert "ring" not in find_normals(
        tmp_path / "model", ["plate", "ring"]
    )  # nobody says what they held back
    save(tiny_detector(), tmp_path / "other", "")
    save(tiny_detector(), tmp_path / "model", "")
    found = find_normals(tmp_path / "model", ["plate", "ring", "bar"])
    assert [path.parts[-4] for path in (found["plate"][0], found["ring"][0])] == ["model", "other"]
    assert "bar" not in found
    settings = replace(tiny_config().training, seed=1)
    save(tiny_detector(tiny_config(training=settings)), tmp_path / "other", "")
    assert "ring" not in find_normals(tmp_path / "model", ["plate", "ring"])


def test_notes_on_place_and_camera_stay_where_they_are(dataset, held_back, tmp_path):
    path = dataset.root / "plate" / "train" / "good" / "noted.jpg"
    noted = PIL.Image.new("RGB", (60, 40), (120, 120, 120))
    exif = noted.getexif()
    exif[0x013B] = "the owner"
    noted.save(path, exif=exif)
    keep_normals(tmp_path / "model", {"plate": [replace(held_back["plate"][0], path=path)]}, ENCODER)
    [kept] = find_normals(tmp_path / "model", ["plate"])["plate"]
    assert b"the owner" in path.read_bytes()
    assert b"the owner" not in kept.read_bytes()


def test_a_credit_is_read_where_it_stands(held_back, tmp_path):
    keep_normals(tmp_path / "model", held_back, ENCODER, 1)
    files = find_normals(tmp_path / "model", ["plate"])["plate"]
    assert read_credit(files) == ""
    credits = tmp_path / "model" / NORMALS / "credits.json"
    credits.write_text('{"plate": "By somebody."}')
    assert read_credit(files) == "By somebody."
    deep, long = "[" * 100_000, " " * 2**20 + "{}"
    for text in ("[]", "{", '{"plate": [["By", "somebody."]]}', deep, long):
        credits.write_text(text)
        assert read_credit(files) == ""


def test_a_category_that_is_no_name_of_a_folder_is_refused(held_back, tmp_path):
    with pytest.raises(ConfigError, match=r"'\.\./plate' cannot be the name of a folder"):
        keep_normals(tmp_path, {"../plate": held_back["plate"]}, ENCODER)
    assert find_normals(tmp_path, ["..", "", "a/b"]) == {}
