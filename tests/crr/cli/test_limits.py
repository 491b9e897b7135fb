"""`crr limits`: a new checkpoint with limits that labels chose, and the old one as it was."""

import hashlib

import cv2
import numpy as np
import pytest

from crr.checkpoints.changed_limits import with_limits
from crr.checkpoints.content import read_config
from crr.checkpoints.files import describe
from crr.errors import ConfigError
from tests.crr.cli.commands import crr, read_json
from tests.crr.tiny import good_image, scratched, write_dataset


@pytest.fixture
def reviewed(tmp_path):
    """A data set of 12 good and 12 scratched plates, as an export of reviewed images is."""
    random = np.random.default_rng(1)
    for number in range(12):
        good = good_image("plate", random)
        damaged, _ = scratched(good_image("plate", random), random)
        for kind, image in (("good", good), ("scratch", damaged)):
            path = tmp_path / f"reviewed/plate/test/{kind}/{number:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), image[..., ::-1])
    return tmp_path / "reviewed"


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_a_new_checkpoint_has_the_limits_and_the_old_one_stays(tiny_model, reviewed, tmp_path):
    before = digests(tiny_model)
    crr(
        "limits",
        "--model",
        tiny_model,
        "--data",
        reviewed,
        "--out",
        tmp_path / "new",
        "--json",
        tmp_path / "result.json",
    )
    assert digests(tiny_model) == before
    result = read_json(tmp_path / "result.json")
    [change] = result["changes"]
    old, new = read_config(tiny_model), read_config(tmp_path / "new")
    for one, other in zip(old.calibration, new.calibration, strict=True):
        factor = change["factor"] if one.name == change["category"] else 1
        assert other.threshold == pytest.approx(factor * one.threshold)
        assert other.pixel_threshold == pytest.approx(factor * one.pixel_threshold)
    assert new.weights_digest == old.weights_digest
    assert describe(tmp_path / "new").revision != describe(tiny_model).revision
    card = (tmp_path / "new/README.md").read_text()
    assert "Chosen by `crr limits --model tiny --data reviewed --out new`" in card
    assert change["category"] in card
    crr("predict", "--model", tmp_path / "new", reviewed / "plate/test/good/000.png", "--progress", "none")


def test_it_says_what_is_found_before_and_after(tiny_model, reviewed, tmp_path):
    said = crr(
        "limits", "--model", tiny_model, "--data", reviewed, "--out", tmp_path / "new", "--false-alarms", "10"
    ).output
    assert "false alarms" in said
    assert "by cross-validation" in said
    assert "--false-alarms 10" in (tmp_path / "new/README.md").read_text()


def test_nothing_is_written_over_or_by_too_few_images(tiny_model, reviewed, tmp_path):
    said = crr("limits", "--model", tiny_model, "--data", reviewed, "--out", tiny_model, code=2).output
    assert "is there and not empty" in said
    few = write_dataset(tmp_path / "few")
    said = crr("limits", "--model", tiny_model, "--data", few, "--out", tmp_path / "new", code=1).output
    assert "too few" in said
    assert "nothing is written" in said
    assert not (tmp_path / "new").exists()


def test_a_category_that_the_model_has_not_is_refused(tiny_model, tmp_path):
    with pytest.raises(ConfigError, match="no limit for cup"):
        with_limits(tiny_model, tmp_path / "new", {"cup": 2.0}, "said", {})
    assert not (tmp_path / "new").exists()


def test_images_that_chose_the_limits_do_not_measure_them(tiny_model, reviewed, tmp_path):
    crr("limits", "--model", tiny_model, "--data", reviewed, "--out", tmp_path / "new")
    assert len(read_config(tmp_path / "new").limits_chosen_by) == 24
    said = crr(
        "evaluate", "--model", tmp_path / "new", "--data", reviewed, "--card", "--json", tmp_path / "r.json"
    ).output
    assert "The limits of new were chosen by 24 of these images" in " ".join(said.split())
    assert read_json(tmp_path / "r.json")["chose_limits"] == 24
    assert not (tmp_path / "new/scores.json").exists()
    others = write_dataset(tmp_path / "others")
    assert (
        "were chosen by"
        not in crr("evaluate", "--model", tmp_path / "new", "--data", others, "--card").output
    )
    assert (tmp_path / "new/scores.json").exists()
