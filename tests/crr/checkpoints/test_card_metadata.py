"""The metadata at the head of a model card."""

from copy import deepcopy

import pytest

from crr.checkpoints.card_changes import ready_to_publish, with_results
from crr.checkpoints.card_metadata import (
    Facts,
    card_in,
    card_to_change,
    facts_of,
    known_metadata,
    licence_of,
    metadata_of,
    results_of,
    split_card,
)
from crr.errors import ConfigError
from crr.metrics.report import HEADINGS
from crr.models import registry
from crr.training.presets import TrainingChoices, configure
from tests.crr.tiny import calibrated_detector


def test_a_card_whose_head_is_no_yaml_is_a_sentence():
    config = calibrated_detector().config
    with pytest.raises(ConfigError, match="between two lines of ---"):
        ready_to_publish("---\na: [1\n---\n# Mine\n", config, 1)
    with pytest.raises(ConfigError, match="between two lines of ---"):
        metadata_of("---\njust words\n---\n")


def test_figures_that_do_not_exist_are_left_out(report):
    figures = deepcopy(report)
    figures["mean"]["aupro"] = figures["categories"]["ring"]["pixel_ap"] = None
    card = with_results("# Mine\n", "mine", figures)
    assert set(results_of(metadata_of(card))) == set(HEADINGS) - {"aupro"}
    assert results_of({}) == results_of({"model-index": [1]}) == results_of({"model-index": 3}) == {}
    twice = with_results(card, "mine", report)
    assert set(results_of(metadata_of(twice)).values()) == {0.875}
    assert "# Mine" in twice


def test_every_method_can_be_published():
    for method in registry.METHODS:
        config = configure(TrainingChoices("embedded", method=method))
        assert metadata_of(ready_to_publish("# A\n", config, 1, licence="mit"))["crr"]["method"] == method


@pytest.mark.parametrize(
    ("card", "head", "words"),
    [
        ("# Mine\n", "", "# Mine"),
        ("---\na: 1\n---\n# Mine\n", "a: 1", "# Mine"),
        ("\n---\na: 1\n---\n# Mine\n", "a: 1", "# Mine"),
        ("---\r\na: 1\r\n---\r\n# Mine\r\n", "a: 1", "# Mine"),
        ("---\n---\n# Mine\n", "", "# Mine"),
        ("---\na: 1\n---", "a: 1", ""),
        ("# Mine\n\n---\n\nmore\n\n---\n", "", "# Mine\n\n---\n\nmore\n\n---"),
    ],
)
def test_a_card_is_metadata_and_words(card, head, words):
    assert split_card(card) == (head, words)
    assert metadata_of(card) == ({"a": 1} if head else {})


@pytest.mark.parametrize("value", [10**400, -1, 7, float("inf"), float("nan"), "high", None])
def test_a_figure_that_is_none_is_left_out(value):
    metric = {"type": "aupro", "value": value}
    results = [{"dataset": {"name": "all categories"}, "metrics": [metric]}]
    assert results_of({"model-index": [{"results": results}]}) == {}


def test_words_of_somebody_are_short_and_in_one_line():
    assert licence_of({"license": "mit\n\n# HUGE"}) == "mit # HUGE"
    assert len(licence_of({"license": 1000 * "long "})) < 100


def test_figures_keep_what_a_table_needs_to_round_alike(report):
    report["mean"]["aupro"] = 0.853479
    assert results_of(metadata_of(with_results("# Mine\n", "mine", report)))["aupro"] == 0.853479


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"# \xff\n", "no text in UTF-8"), (b"---\na: [1\n---\n", "cannot be read")]
)
def test_a_card_that_a_change_would_damage_is_refused(tmp_path, content, sentence):
    (tmp_path / "README.md").write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        card_to_change(tmp_path)
    assert known_metadata(card_in(tmp_path)) == {}  # to look at it is another thing


def bomb(levels: int) -> str:
    """Lists of aliases of lists: 10 to the power of `levels` values in some 30 characters a level."""
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join(10 * [f'*a{n - 1}'])}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        (f"{bomb(9)}\nlicense: *a8", "an alias"),
        ("base: &b {license: mit}\n<<: *b", "an alias"),
        ("categories: [" + "1, " * 11_000 + "1]", "too many metadata"),
        ("description: " + "word " * 20_000, "65,536 are read"),
        ("a: " + "[" * 5_000 + "]" * 5_000, "too many metadata"),
        ("a: " + "9" * 10_000, "cannot be read"),
    ],
    ids=["aliases", "merge keys", "values", "length", "depth", "digits"],
)
@pytest.mark.parametrize("end", ["---\n", "--- \nwords\n---\n"])
def test_metadata_that_would_take_all_memory_are_not_read(head: str, sentence: str, end: str) -> None:
    card = f"---\n{head}\n{end}# Mine\n"
    with pytest.raises(ConfigError, match=sentence):
        metadata_of(card)
    assert known_metadata(card) == {}


def test_only_words_and_numbers_are_shown_of_a_card() -> None:
    nested: list[object] = ["x"]
    for _ in range(40):
        nested = 10 * [nested]
    for odd in (nested, {"a": nested}, {1: 2}, 10**5000, b"x", object()):
        assert licence_of({"license": odd}) == licence_of({"license": "other", "license_name": odd}) == ""
        facts = facts_of({"crr": {"method": odd, "encoder": odd, "layers": [odd], "bytes": odd}})
        assert facts == Facts("", "", ("",), (), None)
    assert licence_of({"license": "mit"}) == "mit"
    assert facts_of({"crr": {"layers": [2, 3.5], "bytes": 7}}).layers == ("2", "3.5")
