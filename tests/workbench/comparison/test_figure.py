"""A comparison as a file for a paper."""

import io
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

from tests.workbench.fakes import CHOICE, OTHER_MODEL, part
from workbench.comparison.comparison import compare_shown
from workbench.comparison.figure import KINDS, comparison_figure
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.samples import read_samples
from workbench.inspection.visitor import VisitorState
from workbench.settings import Settings

SAMPLES = read_samples(Settings().samples)
BOTH = [CHOICE, ModelChoice(OTHER_MODEL, "cpu")]
CAPTION = ["A photo of MVTec AD, CC BY-NC-SA 4.0."]


@pytest.fixture
def comparison(inspector):
    return compare_shown(VisitorState(Settings(), "screw_good"), SAMPLES, BOTH, inspector)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_comparison_is_the_same_file(comparison, kind):
    first, second = (comparison_figure(comparison, part(), 0.6, CAPTION, kind) for _ in range(2))
    assert first == second
    assert first.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind])


def test_words_stay_words(comparison):
    outlined = replace(comparison, outlines=[np.array([[1.0, 1.0], [9.0, 1.0], [9.0, 9.0]])])
    text = comparison_figure(outlined, part(), 0.6, CAPTION, "svg").decode()
    said = ["CRR", "other", "limit 0.45", "0123456789ab", "copies 75 % of a test damage", "MVTec AD"]
    for words in said:
        assert words in text, words


def test_a_png_has_300_dots_an_inch_and_a_column_a_model(comparison):
    image = PIL.Image.open(io.BytesIO(comparison_figure(comparison, part(), 0.6, CAPTION, "png")))
    assert round(image.info["dpi"][0]) == 300
    assert image.width == pytest.approx(3 * 2.2 * 300, rel=0.1)


def test_names_that_look_like_formulas_are_names(comparison):
    answers = {"$model_{": next(iter(comparison.answers.values()))}
    comparison_figure(replace(comparison, answers=answers), part(), 0.6, ["50 $ and {5}"], "svg")
