import pytest

from crr.errors import ConfigError, EncoderError
from crr.training.presets import DINOV2_BASE, EMBEDDED, PRESETS, TrainingChoices, configure, preset


def test_presets_are_found_by_name():
    assert preset("embedded") is EMBEDDED
    assert preset("dinov2-base") is DINOV2_BASE


def test_an_unknown_preset_is_answered_with_the_known_ones():
    with pytest.raises(ConfigError, match="no preset 'huge'; there are: embedded, dinov2-base"):
        preset("huge")


def test_dinov2_base_is_the_papers():
    encoder, decoder = DINOV2_BASE.encoder, DINOV2_BASE.decoder
    assert (encoder.name, encoder.resize, encoder.crop) == ("vit_base_patch14_reg4_dinov2", 448, 392)
    assert encoder.layers == (2, 3, 4, 5, 6, 7, 8, 9)
    assert encoder.groups == ((0, 1, 2, 3), (4, 5, 6, 7))
    assert (decoder.blocks, decoder.tokens, decoder.outputs) == (8, "mean", "blocks")
    assert (DINOV2_BASE.masking.rate, decoder.dropout) == (0.4, 0.4)
    assert DINOV2_BASE.prediction.distance == "cosine"


@pytest.mark.parametrize("name", PRESETS)
def test_configuring_nothing_leaves_the_preset(name):
    assert configure(TrainingChoices(name)) == preset(name)


def test_another_encoder_brings_its_own_layers_and_drops_groups():
    encoder = configure(
        TrainingChoices("dinov2-base", encoder="resnet18", layers="1,2,3", weights="random")
    ).encoder
    assert (encoder.name, encoder.layers, encoder.groups) == ("resnet18", (1, 2, 3), ())
    assert (encoder.weights, encoder.every_block) == ("random", False)


def test_other_layers_of_the_same_encoder():
    encoder = configure(TrainingChoices("embedded", layers="2,3")).encoder
    assert (encoder.name, encoder.layers) == (EMBEDDED.encoder.name, (2, 3))


def test_a_crop_keeps_its_share_of_the_size():
    encoder = configure(TrainingChoices("dinov2-base", size=224)).encoder
    assert (encoder.resize, encoder.crop) == (224, 196)


def test_stage_2_follows_stage_1_in_proportion():
    training = configure(TrainingChoices("dinov2-base", iterations=500, batch_size=3)).training
    assert (training.repair.iterations, training.segmentation.iterations) == (500, 80)
    assert (training.repair.batch_size, training.segmentation.batch_size) == (3, 3)
    assert training.repair.warmup <= 50


def test_everything_else_reaches_its_place():
    config = configure(TrainingChoices("embedded", distance="cosine", segmentation="paper", seed=7))
    assert (config.prediction.distance, config.segmentation.design, config.training.seed) == (
        "cosine",
        "paper",
        7,
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"encoder": "resnet18"}, "which layers of resnet18"),
        ({"layers": "1;2"}, "numbers with commas between.*'1;2'"),
        ({"layers": ""}, "numbers with commas between"),
        ({"layers": "3,1"}, "ascend"),
        ({"encoder": "resnet18", "layers": "1", "weights": "mine"}, "encoder.weights"),
        ({"size": 0}, "encoder.resize"),
        ({"batch_size": 0}, "batch_size"),
        ({"distance": "far"}, "prediction.distance"),
        ({"segmentation": "fine"}, "segmentation.design"),
        ({"seed": -1}, "training.seed"),
    ],
)
def test_a_wrong_option_is_a_sentence(options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        configure(TrainingChoices("embedded", **options))


def test_an_unknown_encoder_is_named_before_its_layers_are_asked_for():
    with pytest.raises(EncoderError, match=r"no model named 'resnet5'\. Did you mean resnet50 or "):
        configure(TrainingChoices("embedded", encoder="resnet5"))


def test_a_preset_can_be_built_without_the_hub():
    config = configure(TrainingChoices("dinov2-base", encoder=DINOV2_BASE.encoder.name, weights="random"))
    assert config.encoder.weights == "random"
    assert config.encoder.groups == DINOV2_BASE.encoder.groups
