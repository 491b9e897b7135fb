"""What a config describes is known before it is built, however large it is."""

import resource
from dataclasses import replace

import pytest

from crr.errors import ConfigError, EncoderError
from crr.models import registry
from crr.models.blueprint import draw, shape_of
from tests.crr.tiny import tiny_config, tiny_detector

MEGABYTE = 2**20
LARGE = 2**30
"""Much more than such a network takes, or its description."""


@pytest.mark.parametrize("method", registry.METHODS)
def test_on_paper_is_what_would_be_built(method: str) -> None:
    detector, blueprint = tiny_detector(tiny_config(method=method)), draw(tiny_config(method=method))
    assert blueprint.tensors == {name: shape_of(tensor) for name, tensor in detector.own_tensors().items()}
    weights = sum(tensor.nbytes for tensor in [*detector.parameters(), *detector.buffers()])
    assert weights < blueprint.bytes < weights + 50 * MEGABYTE


@pytest.mark.parametrize(
    "settings",
    [
        {"categories": tuple(map(str, range(90_000)))},
        {"method": "padim", "options": {}, "categories": tuple(map(str, range(90_000)))},
        {"method": "gaussian", "categories": tuple(map(str, range(90_000)))},
        {"encoder.resize": 8192, "encoder.crop": 8192},
        {"method": "uniad", "options": {}, "encoder.resize": 4096, "encoder.crop": 4096},
        {"method": "uniad", "options": {"width": 4096, "layers": 64}},
        {"method": "rd", "options": {"width": 4096, "blocks": 64}},
        {"method": "patchcore", "options": {"patches": 10_000_000}},
        {"decoder.width": 32768, "decoder.bottleneck_width": 32768},
        {"decoder.mlp_ratio": 64, "decoder.width": 8192},
        {"segmentation.width": 65536},
        {"encoder.name": "vit_giant_patch14_dinov2", "encoder.layers": (20, 38, 39)},
    ],
    ids=lambda settings: " ".join(settings),
)  # fmt: skip
def test_the_memory_of_a_huge_network_is_told_without_taking_it(settings: dict[str, object]) -> None:
    config = tiny_config(calibration=())
    for name, value in settings.items():
        part, _, last = name.rpartition(".")
        changes = {part: replace(getattr(config, part), **{last: value})} if part else {last: value}
        config = replace(config, **changes)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert draw(config).bytes > LARGE
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024  # kB


def test_what_cannot_be_built_is_a_sentence() -> None:
    config = tiny_config()
    with pytest.raises(EncoderError, match="offers layers 0 to"):
        draw(replace(config, encoder=replace(config.encoder, layers=(200,))))
    with pytest.raises(ConfigError):
        draw(replace(config, decoder=replace(config.decoder, tokens="mean", outputs="blocks")))
