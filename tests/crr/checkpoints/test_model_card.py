from dataclasses import replace

import pytest
from huggingface_hub import ModelCard

from crr.anomalies import HELD_OUT
from crr.checkpoints.card_metadata import metadata_of, results_of
from crr.checkpoints.model_card import (
    training_card,
    with_figures,
    with_identity,
    write_figures,
    write_identity,
)
from crr.data.datasets import open_dataset
from crr.identity.evaluation import IdentityReport
from crr.metrics.report import Figures, Report
from crr.models.detector import TrainedDetector
from crr.models.registry import METHODS, configured
from tests.crr.tiny import ENCODER, tiny_config, tiny_detector, write_dataset

REPORT = Report(
    "parts",
    {
        "plate": Figures(4, 0.75, 0.8, 0.6, 0.91234, 0.5, 0.4, 1.0),
        "ring": Figures(6, 0.25, 0.4, 0.2, None, None, None, None),
    },
).as_json()


IDENTITY = IdentityReport(
    model="parts",
    index={"seen": 0.25, "held_out": 0.5, "pairs": None},
    interval={"seen": [0.2, 0.3], "held_out": [0.4, 0.6], "pairs": None},
    normal_error=0.1,
    layers={"stage 1": {"seen": 0.2, "held_out": 0.4, "pairs": None, "normal_error": 0.05}},
    categories={"plate": {"seen": 0.3, "held_out": None, "normal_error": 0.15}},
    kinds={"texture": 0.25, "warp": 0.5},
).as_json()


@pytest.fixture(scope="module")
def card(tmp_path_factory) -> str:
    dataset = open_dataset(write_dataset(tmp_path_factory.mktemp("data"), images=3))
    return training_card(tiny_detector(tiny_config(trained={"repair": 4})), dataset)


def test_the_hub_reads_the_cards_metadata(card):
    metadata = ModelCard(card).data
    assert metadata.library_name == "crr"
    assert metadata.license == "other"
    assert "anomaly-detection" in metadata.tags


def test_the_card_tells_what_was_trained_on_what(card):
    assert "# CRR (collaborative reconstruction and repair, arXiv 2512.11401) on plate, ring" in card
    assert "`test_efficientnet`, frozen, 64 px." in card
    assert "| plate | 3 |" in card
    assert "Stage 1 (decoder, clean and damaged images): 4 iterations of batch 2" in card
    assert "Stage 2 (segmentation): 0 iterations of batch 2" in card
    assert "34% of the good images" in card
    assert "Not measured yet" in card
    for kind in HELD_OUT:
        assert f'"{kind}"' in card


def test_a_crop_is_mentioned_where_there_is_one(tmp_path):
    config = tiny_config(encoder=replace(ENCODER, resize=96, crop=64))
    assert "96 px cropped to 64 px." in training_card(
        tiny_detector(config), open_dataset(write_dataset(tmp_path, images=1))
    )


def test_figures_take_their_place_in_percent(card):
    measured = with_figures(card, REPORT, "crr evaluate --model parts")
    assert "Measured by `crr evaluate --model parts`" in measured
    assert "| plate | 4 | 75.0 | 80.0 | 60.0 | 91.2 | 50.0 | 40.0 | 100.0 |" in measured
    assert "| ring | 6 | 25.0 | 40.0 | 20.0 | – | – | – | – |" in measured
    assert "| **mean** | 10 | 50.0 | 60.0 | 40.0 | 91.2 | 50.0 | 40.0 | 100.0 |" in measured
    assert "Not measured yet: `crr evaluate" not in measured
    assert measured.startswith(card[: card.index("## Figures")])


def test_the_table_is_a_table(card):
    rows = [
        line
        for line in with_figures(card, REPORT, "x").split("## Figures")[1].splitlines()
        if line.startswith("|")
    ]
    assert len(rows) == 5
    assert len({row.count("|") for row in rows}) == 1
    assert set(rows[1]) == {"|", "-"}


def test_measuring_again_replaces_the_figures(card):
    once = with_figures(card, REPORT, "first")
    assert with_figures(once, REPORT, "first") == once
    assert "first" not in with_figures(once, REPORT, "second")


def test_a_card_written_by_hand_gets_its_figures_at_the_end():
    measured = with_figures("# Mine\n\nWords.\n", REPORT, "x")
    assert measured.startswith("# Mine\n\nWords.\n\n## Figures\n\n")
    assert with_figures(measured, REPORT, "x") == measured


def test_figures_are_written_into_the_card_of_a_checkpoint_or_into_a_new_one(tmp_path, card):
    for before in ("", card):
        (tmp_path / "README.md").write_text(before) if before else None
        write_figures(tmp_path, REPORT, "x")
        written = (tmp_path / "README.md").read_text()
        assert written.endswith(with_figures(before, REPORT, "x").partition("\n---\n")[2].lstrip())
        assert results_of(metadata_of(written))["image_auroc"] == REPORT["mean"]["image_auroc"]


def test_identity_figures_take_their_place_and_leave_the_others(card):
    measured = with_identity(with_figures(card, REPORT, "x"), IDENTITY, "crr identity --model parts")
    assert "Measured by `crr identity --model parts`" in measured
    assert "| **all** | 0.250 | 0.500 | – | 0.100 |" in measured
    assert "| stage 1 | 0.200 | 0.400 | – | 0.050 |" in measured
    assert "| plate | 0.300 | – | – | 0.150 |" in measured
    assert "95 % intervals: seen 0.200 to 0.300, held-out 0.400 to 0.600. " in measured
    assert "By kind of damage: texture 0.250, warp 0.500." in measured
    assert "| plate | 4 | 75.0" in measured
    assert "Not measured yet" not in measured
    assert with_identity(measured, IDENTITY, "crr identity --model parts") == measured


def test_identity_figures_are_written_into_the_card(tmp_path):
    write_identity(tmp_path, IDENTITY, "x")
    card = (tmp_path / "README.md").read_text()
    assert card.endswith(with_identity("", IDENTITY, "x"))
    assert results_of(metadata_of(card)) == {"identity_index": 0.5, "normal_error": 0.1}
    write_figures(tmp_path, REPORT, "y")  # each measurement leaves the figures of the other
    both = results_of(metadata_of((tmp_path / "README.md").read_text()))
    assert (both["identity_index"], both["image_auroc"]) == (0.5, REPORT["mean"]["image_auroc"])
    write_identity(tmp_path, IDENTITY, "x")
    assert results_of(metadata_of((tmp_path / "README.md").read_text())) == both


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_title_and_a_card(method, tmp_path):
    dataset = open_dataset(write_dataset(tmp_path, images=1))
    detector = tiny_detector(configured(tiny_config(), method))
    made = training_card(detector, dataset)
    assert f"# {type(detector).title} on plate, ring" in made
    assert ("Stage 1" in made) == isinstance(detector, TrainedDetector)
    assert ("Stage 2" in made) == (detector.segmentation is not None)
