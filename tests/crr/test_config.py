import json
from dataclasses import FrozenInstanceError, replace

import pytest

from crr.config import FORMAT, CategoryCalibration, DetectorConfig, EncoderConfig
from crr.errors import ConfigError, NewerFormatError
from crr.runtime.validation import checked
from crr.training.presets import PRESETS
from tests.crr.tiny import tiny_config

CALIBRATION = (
    CategoryCalibration("plate", 0.4, 0.3, (0.1, 0.2)),
    CategoryCalibration("ring", 0.5, 0.6, (0.3,)),
)


@pytest.mark.parametrize(
    "config",
    [*PRESETS.values(), tiny_config(calibration=CALIBRATION, trained={"repair": 4}, encoder_digest="0" * 12)],
    ids=[*PRESETS, "calibrated"],
)
def test_json_gives_the_config_back(config):
    assert DetectorConfig.from_json(json.loads(json.dumps(config.as_json()))) == config


@pytest.mark.parametrize(
    ("part", "values", "sentence"),
    [
        ("encoder", {"crop": 400}, r"crop \(400\) must not exceed resize \(384\)"),
        ("encoder", {"resize": 100_000}, "less than or equal to 8192"),
        ("encoder", {"layers": []}, "at least one layer"),
        ("encoder", {"layers": [4, 2]}, "layers must ascend"),
        ("encoder", {"layers": [2, 2]}, "each named once"),
        ("encoder", {"layers": [-1]}, "encoder.layers.0"),
        ("encoder", {"groups": [[0, 4]]}, "positions 0 to 3"),
        ("encoder", {"groups": [[]]}, "at least one layer"),
        ("encoder", {"weights": "mine"}, "'package', 'timm' or 'random'"),
        ("encoder", {"side": 1}, "encoder.side"),
        ("masking", {"rate": 1.0}, "less than 1"),
        ("decoder", {"width": 100, "attention_heads": 3}, r"width \(100\) must be a multiple"),
        ("decoder", {"dropout": -0.1}, "decoder.dropout"),
        ("prediction", {"top_share": 0}, "prediction.top_share"),
        ("prediction", {"blur_kernel": 4}, r"blur_kernel \(4\) must be odd"),
        ("prediction", {"blur_kernel": True}, r"prediction.blur_kernel is not usable.*given: True"),
        ("prediction", {"map_size": "256"}, r"prediction.map_size is not usable.*given: '256'"),
        ("masking", {"rescale": 1}, "masking.rescale is not usable"),
        ("prediction", {"distance": "manhattan"}, "'cosine', 'mahalanobis', 'combined' or 'euclidean'"),
        ("training", {"repair": {"batch_size": 0}}, "training.repair.batch_size"),
    ],
)
def test_a_wrong_value_is_named_in_a_sentence(part, values, sentence):
    with pytest.raises(ConfigError, match=sentence):
        DetectorConfig.from_json({"format": FORMAT, part: values})


def test_what_was_given_is_shortened():
    with pytest.raises(ConfigError) as error:
        checked(EncoderConfig, {"layers": "x" * 5000})
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("calibration", [CALIBRATION[:1], CALIBRATION[::-1]])
def test_a_calibration_belongs_to_the_categories(calibration):
    with pytest.raises(ValueError, match="one entry a category, in the same order"):
        tiny_config(calibration=calibration)


def test_true_is_no_format():
    with pytest.raises(ConfigError, match=r"Setting format is not usable.*given: True"):
        DetectorConfig.from_json({"format": True})


@pytest.mark.parametrize("values", [{}, {"format": "1"}, {"architectures": ["Bert"]}])
def test_a_foreign_config_is_told_by_its_missing_format(values):
    with pytest.raises(ConfigError, match="names no format version"):
        DetectorConfig.from_json(values)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", [nested(100), nested(100_000), {1, 2}, {(1, 2): 3}, object()], ids=type)
def test_what_no_setting_can_be_is_a_sentence(value):
    with pytest.raises(ConfigError, match=r"Setting mystery is not usable|A setting holds what JSON cannot"):
        DetectorConfig.from_json({"format": FORMAT, "mystery": value})


def test_a_newer_format_says_so_even_where_it_cannot_be_read():
    with pytest.raises(NewerFormatError, match=f"format {FORMAT + 1}.*reads up to {FORMAT}"):
        DetectorConfig.from_json({"format": FORMAT + 1, "unheard_of": True})


def test_a_config_does_not_change():
    config = tiny_config()
    with pytest.raises(FrozenInstanceError):
        config.method = "other"
    assert replace(config, method="other").method == "other"
