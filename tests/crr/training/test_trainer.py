import os
import shutil
import signal
import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

import crr
from crr.anomalies import HELD_OUT, AnomalySynthesizer
from crr.config import DecoderConfig, EncoderConfig
from crr.data.datasets import open_dataset
from crr.errors import ConfigError, CRRError, DatasetError, DeviceError, ImageError, TrainingError, WriteError
from crr.models.components.losses import repair_loss
from crr.training import trainer as training
from crr.training.run_options import RunOptions
from crr.training.snapshots import Snapshots, is_unfinished
from crr.training.trainer import train
from tests.crr.tiny import good_images, tiny_config, tiny_detector, write_dataset

ALONE = RunOptions(device="cpu", workers=0, snapshot_seconds=0)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Two categories of six training images; the test images are gone before anything is read."""
    root = write_dataset(tmp_path_factory.mktemp("data"))
    dataset = open_dataset(root)
    assert all(category.test for category in dataset.categories)
    for category in dataset.categories:
        shutil.rmtree(root / category.name / "test")
        shutil.rmtree(root / category.name / "ground_truth")
    return dataset


@pytest.fixture(scope="module")
def uninterrupted(dataset, tmp_path_factory):
    """The checkpoint of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp("uninterrupted")
    train(dataset, out, tiny_config(), ALONE)
    return out


def same(first, second):
    names = ("config.json", "model.safetensors", "README.md")
    return all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def changed(**settings):
    config = tiny_config()
    return replace(config, training=replace(config.training, **settings))


class StopAfter(threading.Event):
    """Is set from the moment it was asked `steps` times: once a training step, once before stage 2."""

    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def is_set(self):
        self.left -= 1
        return self.left < 0


def test_a_run_leaves_a_checkpoint_and_nothing_else(uninterrupted):
    assert sorted(path.name for path in uninterrupted.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
        "normals",
    ]
    detector = crr.load(uninterrupted, "cpu")
    assert detector.categories == ("plate", "ring")
    assert detector.config.trained == {"repair": 4, "segmentation": 2}
    assert [entry.name for entry in detector.config.calibration] == ["plate", "ring"]
    (inspection,) = crr.inspect(detector, good_images("ring", 1))
    assert inspection.category == "ring"
    assert np.isfinite(inspection.anomaly_map).all()


def test_the_same_seed_gives_the_same_bits(uninterrupted, dataset, tmp_path):
    train(dataset, tmp_path, tiny_config(), replace(ALONE, snapshot_seconds=60))
    assert same(tmp_path, uninterrupted)


def test_another_seed_gives_another_model(uninterrupted, dataset, tmp_path):
    train(dataset, tmp_path, changed(seed=1), ALONE)
    assert not same(tmp_path, uninterrupted)


def test_the_number_of_workers_does_not_matter(uninterrupted, dataset, tmp_path):
    train(dataset, tmp_path, tiny_config(), replace(ALONE, workers=2))
    assert same(tmp_path, uninterrupted)


@pytest.mark.parametrize(
    "snapshot", [1, 4, 6, 7, 9], ids=["repair", "repaired", "statistics", "segmentation", "segmented"]
)
def test_a_killed_run_goes_on_to_the_same_bits(uninterrupted, dataset, tmp_path, monkeypatch, snapshot):
    class Killed(BaseException):
        """Nothing catches it."""

    left, save = [snapshot], Snapshots.save

    def save_and_die(*arguments):
        save(*arguments)
        left[0] -= 1
        if not left[0]:
            raise Killed

    monkeypatch.setattr(Snapshots, "save", save_and_die)
    with pytest.raises(Killed):
        train(dataset, tmp_path, tiny_config(), ALONE)
    monkeypatch.undo()
    assert not (tmp_path / "config.json").exists()
    train(dataset, tmp_path, tiny_config(), replace(ALONE, resume=True))
    assert same(tmp_path, uninterrupted)
    assert not is_unfinished(tmp_path)


@pytest.mark.parametrize(
    ("steps", "trained"),
    [
        (0, {"repair": 1, "segmentation": 0}),
        (2, {"repair": 3, "segmentation": 0}),
        (4, {"repair": 4, "segmentation": 0}),
        (5, {"repair": 4, "segmentation": 1}),
    ],
)
def test_a_stopped_run_is_usable_and_goes_on_to_the_same_bits(
    uninterrupted, dataset, tmp_path, steps, trained
):
    train(dataset, tmp_path, tiny_config(), ALONE, stop=StopAfter(steps))
    assert is_unfinished(tmp_path)
    detector = crr.load(tmp_path, "cpu")
    assert detector.config.trained == trained
    assert (detector.segmentation is None) == (trained["segmentation"] == 0)
    (inspection,) = crr.inspect(detector, good_images("plate", 1))
    assert inspection.category == "plate"
    train(dataset, tmp_path, tiny_config(), replace(ALONE, resume=True))
    assert same(tmp_path, uninterrupted)


def test_a_stop_that_comes_too_late_changes_nothing(uninterrupted, dataset, tmp_path):
    stop = threading.Event()

    def progress(report):
        if report.stage == "calibration":
            stop.set()

    train(dataset, tmp_path, tiny_config(), ALONE, progress, stop)
    assert stop.is_set()
    assert not is_unfinished(tmp_path)
    assert same(tmp_path, uninterrupted)


@pytest.mark.parametrize("config", [changed(seed=1), changed(mining_share=0.5)])
def test_a_run_is_resumed_with_its_own_settings_only(dataset, tmp_path, config):
    train(dataset, tmp_path, tiny_config(), ALONE, stop=StopAfter(1))
    with pytest.raises(TrainingError, match="other settings or other images"):
        train(dataset, tmp_path, config, replace(ALONE, resume=True))


def test_a_run_is_resumed_with_its_own_images_and_textures_only(dataset, tmp_path):
    train(dataset, tmp_path / "run", tiny_config(), ALONE, stop=StopAfter(1))
    other = open_dataset(write_dataset(tmp_path / "data", images=7))
    resume = replace(ALONE, resume=True)
    with pytest.raises(TrainingError, match="other settings or other images"):
        train(other, tmp_path / "run", tiny_config(), resume)
    with pytest.raises(TrainingError, match="other settings or other images"):
        train(dataset, tmp_path / "run", tiny_config(), replace(resume, textures=tmp_path / "data"))


def test_overwrite_starts_anew(uninterrupted, dataset, tmp_path):
    train(dataset, tmp_path, changed(seed=1), ALONE, stop=StopAfter(1))
    with pytest.raises(TrainingError, match="unfinished run"):
        train(dataset, tmp_path, tiny_config(), ALONE)
    train(dataset, tmp_path, tiny_config(), replace(ALONE, overwrite=True))
    assert same(tmp_path, uninterrupted)


def test_stages_report_in_order(dataset, tmp_path):
    reports = []
    train(dataset, tmp_path, tiny_config(), ALONE, reports.append)
    last = {report.stage: (report.step, report.total) for report in reports}
    assert last == {
        "check": (12, 12),
        "repair": (4, 4),
        "categories": (12, 12),
        "statistics": (12, 12),
        "segmentation": (2, 2),
        "calibration": (12, 12),
    }
    assert list(last) == ["check", "repair", "categories", "statistics", "segmentation", "calibration"]
    assert reports[-1].seconds_left == 0


def test_training_learns_to_reconstruct_and_to_repair(dataset, tmp_path):
    longer = changed(
        repair=replace(tiny_config().training.repair, iterations=40, batch_size=4),
        segmentation=replace(tiny_config().training.segmentation, iterations=1),
    )
    trained = train(dataset, tmp_path, longer, ALONE)
    images = good_images("plate", 4, seed=9)
    random = np.random.default_rng(0)
    damaged = [AnomalySynthesizer().damage(image, random).image for image in images]
    for detector, better in ((tiny_detector(), False), (trained, True)):
        clean = detector.encoder(detector.preprocess(images))
        for seen in (images, damaged):
            with torch.no_grad():
                answer = detector.decode(detector.encoder(detector.preprocess(seen)))
            assert (repair_loss(clean, answer, 0, 1) < 0.7) == better


def test_held_out_damage_is_never_trained_on_and_only_calibrates(dataset, tmp_path, monkeypatch):
    trained, calibrated, damage, calibrate = set(), set(), AnomalySynthesizer.damage, training.calibrate
    kinds = trained

    def watched(*arguments):
        result = damage(*arguments)
        kinds.add(result.filling)
        return result

    def watched_calibration(*arguments):
        nonlocal kinds
        kinds = calibrated
        calibrate(*arguments)

    monkeypatch.setattr(AnomalySynthesizer, "damage", watched)
    monkeypatch.setattr(training, "calibrate", watched_calibration)
    train(dataset, tmp_path, tiny_config(), ALONE)
    assert len(trained) >= 3
    assert not trained & set(HELD_OUT)
    assert calibrated & set(HELD_OUT)
    assert calibrated - set(HELD_OUT)
    with pytest.raises(ConfigError, match="warp is held out"):
        train(dataset, tmp_path / "other", changed(anomalies=("warp", "texture")), ALONE)


def test_chosen_fillings_and_textures_reach_both_stages_and_the_calibration(dataset, tmp_path, monkeypatch):
    made, damage = [], AnomalySynthesizer.damage

    def watched(self, *arguments):
        made.append((self.fillings, len(self.textures)))
        return damage(self, *arguments)

    monkeypatch.setattr(AnomalySynthesizer, "damage", watched)
    textures = tmp_path / "textures"
    textures.mkdir()
    cv2.imwrite(str(textures / "dots.png"), np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8))
    train(dataset, tmp_path / "run", changed(anomalies=("texture",)), replace(ALONE, textures=textures))
    assert set(made) == {(("texture",), 1), (HELD_OUT, 1)}
    assert made.count((HELD_OUT, 1)) == 4  # once for each held-back image
    assert made.count((("texture",), 1)) > 8 + 4  # and 4 repair batches of 2 before


@pytest.mark.parametrize(
    "config",
    [
        replace(tiny_config(), segmentation=replace(tiny_config().segmentation, design="none")),
        replace(tiny_config(), prediction=replace(tiny_config().prediction, distance="cosine")),
        changed(repair_loss=False),
        changed(segmentation_loss="dice"),
    ],
    ids=["no segmentation", "cosine", "no repair", "dice"],
)
def test_variants_train_and_load(dataset, tmp_path, config):
    train(dataset, tmp_path, config, ALONE)
    detector = crr.load(tmp_path, "cpu")
    assert detector.config.trained["repair"] == 4
    assert detector.config.trained["segmentation"] == (0 if detector.segmentation is None else 2)
    assert not is_unfinished(tmp_path)


def test_two_images_of_one_category_are_enough(tmp_path):
    for number, image in enumerate(good_images("ring", 2)):
        (tmp_path / "photos").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "photos" / f"{number}.png"), image)
    train(open_dataset(tmp_path / "photos"), tmp_path / "run", tiny_config(), ALONE)
    detector = crr.load(tmp_path / "run", "cpu")
    assert detector.categories == ("photos",)
    (inspection,) = crr.inspect(detector, good_images("ring", 1))
    assert np.isfinite(inspection.score)
    assert len(inspection.normal_scores) == 1


def test_images_that_are_all_but_the_same_are_no_trouble(tmp_path):
    (tmp_path / "photos").mkdir()
    (image,) = good_images("ring", 1)
    for number in range(4):
        image[0, 0] = number
        cv2.imwrite(str(tmp_path / "photos" / f"{number}.png"), image)
    train(open_dataset(tmp_path / "photos"), tmp_path / "run", tiny_config(), ALONE)
    (inspection,) = crr.inspect(crr.load(tmp_path / "run", "cpu"), [image])
    assert np.isfinite(inspection.anomaly_map).all()


def test_a_category_of_one_image_is_a_sentence(tmp_path):
    dataset = open_dataset(write_dataset(tmp_path / "data", images=1))
    with pytest.raises(DatasetError, match="plate has 1 good image: at least 2"):
        train(dataset, tmp_path / "run", tiny_config(), ALONE)


def test_a_broken_image_is_named_before_training(tmp_path):
    dataset = open_dataset(write_dataset(tmp_path / "data"))
    broken = dataset.categories[1].train[3].path
    broken.write_bytes(broken.read_bytes()[:80])
    reports = []
    with pytest.raises(ImageError, match=str(broken)):
        train(dataset, tmp_path / "run", tiny_config(), ALONE, reports.append)
    assert {report.stage for report in reports} <= {"check"}


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"device": "cuda:77"}, DeviceError, "no device 'cuda:77'"),
        ({"resume": True}, TrainingError, "no unfinished run to resume"),
        ({"textures": "nowhere"}, DatasetError, "nowhere is no folder with images"),
    ],
)
def test_a_wrong_option_is_a_sentence(dataset, tmp_path, options, kind, sentence):
    if "textures" in options:
        options = {"textures": tmp_path / options["textures"]}
    with pytest.raises(kind, match=sentence):
        train(dataset, tmp_path / "run", tiny_config(), replace(ALONE, **options))


def test_a_loss_that_is_no_number_ends_the_run(dataset, tmp_path):
    wild = replace(tiny_config().training.repair, learning_rate=1e30, warmup=0, gradient_norm=0)
    with pytest.raises(
        TrainingError, match=r"repair loss is no longer a number at step .* Lower the learning"
    ):
        train(dataset, tmp_path, changed(repair=wild), ALONE)


def full(*_):
    raise WriteError("model.safetensors cannot be written (No space left on device). Make room on the disk.")


def test_a_disk_too_full_for_a_snapshot_is_a_sentence_and_the_same_command_runs_again(
    uninterrupted, dataset, tmp_path, monkeypatch
):
    monkeypatch.setattr("crr.training.snapshots.write_atomically", full)
    with pytest.raises(TrainingError, match=r"Make room on the disk\. Then start it again\."):
        train(dataset, tmp_path, tiny_config(), ALONE)
    monkeypatch.undo()
    train(dataset, tmp_path, tiny_config(), ALONE)
    assert same(tmp_path, uninterrupted)


def test_a_disk_too_full_for_the_checkpoint_loses_nothing(uninterrupted, dataset, tmp_path, monkeypatch):
    monkeypatch.setattr("crr.training.trainer.save", full)
    with pytest.raises(TrainingError, match=r"Make room on the disk\. Then resume the run\."):
        train(dataset, tmp_path, tiny_config(), ALONE)
    monkeypatch.undo()
    train(dataset, tmp_path, tiny_config(), replace(ALONE, resume=True))
    assert same(tmp_path, uninterrupted)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers inherit the test's trick by fork")
def test_a_worker_that_was_killed_is_a_sentence(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "crr.training.damaged_images._start_worker", lambda _: os.kill(os.getpid(), signal.SIGKILL)
    )
    with pytest.raises(TrainingError, match=r"lack of memory\. With fewer workers, start it again"):
        train(dataset, tmp_path, tiny_config(), replace(ALONE, workers=1))


def test_a_device_that_runs_out_of_memory_is_a_sentence(dataset, tmp_path, monkeypatch):
    def too_much(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")

    monkeypatch.setattr("crr.models.detector.repair_loss", too_much)
    with pytest.raises(DeviceError, match=r"cpu ran out of memory. Use a smaller batch"):
        train(dataset, tmp_path, tiny_config(), ALONE)


def test_other_errors_stay_what_they_are(dataset, tmp_path, monkeypatch):
    def defect(*_):
        raise RuntimeError("a defect")

    monkeypatch.setattr("crr.models.detector.repair_loss", defect)
    with pytest.raises(RuntimeError, match="a defect") as caught:
        train(dataset, tmp_path, tiny_config(), ALONE)
    assert not isinstance(caught.value, CRRError)


def test_both_stages_train_on_a_transformer(dataset, tmp_path):
    encoder = EncoderConfig(
        name="test_vit", weights="random", layers=(1, 2, 3, 4), every_block=False, groups=((0, 1), (2, 3)),
        resize=176, crop=160,
    )  # fmt: skip
    decoder = DecoderConfig(
        width=64, blocks=2, attention_heads=2, bottleneck_width=64, tokens="mean", outputs="blocks",
        positions=False,
    )  # fmt: skip
    train(dataset, tmp_path, replace(tiny_config(), encoder=encoder, decoder=decoder), ALONE)
    detector = crr.load(tmp_path, "cpu")
    assert detector.config.trained == {"repair": 4, "segmentation": 2}
    assert len(crr.inspect(detector, [good_images("plate", 1)[0]])[0].normal_scores) > 0
