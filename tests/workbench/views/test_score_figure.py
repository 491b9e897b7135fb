import pytest

from crr.types import usual_score
from tests.workbench.fakes import NORMAL_SCORES, inspection_of, part
from workbench.basics.palettes import DEFECT, GREY, looks_of
from workbench.comparison.plots import identity_figure
from workbench.views.inspect.score_figure import score_figure


def test_scores_show_the_normals_the_limit_and_this_image():
    figure = score_figure(inspection_of(part(), score=0.7), limit=0.45)
    assert tuple(figure.data[0].x) == NORMAL_SCORES
    assert [annotation.text.strip() for annotation in figure.layout.annotations] == ["limit", "this image"]
    assert [shape.x0 for shape in figure.layout.shapes] == [
        pytest.approx(usual_score(NORMAL_SCORES)),
        0.45,
        0.7,
    ]
    assert figure.layout.shapes[0].x1 == 0.45  # what is checked by hand


@pytest.mark.parametrize(("score", "colour"), [(0.45, DEFECT), (0.44, GREY)])
def test_only_a_defect_has_the_accent_colour(score, colour):
    figure = score_figure(inspection_of(part(), score=score), limit=0.45)
    assert figure.layout.shapes[-1].line.color == colour


@pytest.mark.parametrize(("score", "limit"), [(0.7, 0.01), (0.01, 0.7), (0.3, 1.4), (1.4, 0.3)])
def test_no_label_is_cut_off_as_all_reach_towards_the_middle(score, limit):
    labels = score_figure(inspection_of(part(), score=score), limit).layout.annotations
    low, high = sorted(labels, key=lambda label: label.x)
    assert (low.xanchor, high.xanchor) == ("left", "right")


@pytest.mark.parametrize("score", [0.45, 0.5])
def test_the_line_of_the_image_does_not_cross_the_limits_label(score):
    limit, image = score_figure(inspection_of(part(), score=score), limit=0.44).layout.annotations
    assert (limit.xanchor, image.xanchor) == ("right", "left")


def test_the_axis_is_the_same_for_all_images_unless_a_score_lies_beyond():
    assert score_figure(inspection_of(part(), score=0.2), limit=0.45).layout.xaxis.range == (0, 1.02)
    assert score_figure(inspection_of(part(), score=2.0), limit=0.45).layout.xaxis.range == (0, 2.04)


def test_two_axes_tell_who_copies():
    figure = identity_figure({"a": (0.1, 0.8), "b": (0.30, 0.0), "c": (0.302, 0.01), "d": (0.2, 1.3)})
    assert [(trace.name, trace.x[0], trace.y[0]) for trace in figure.data] == [
        ("a", 0.1, 0.8),
        ("b", 0.30, 0.0),
        ("c", 0.302, 0.01),
        ("d", 0.2, 1.3),
    ]
    assert len({trace.marker.symbol for trace in figure.data}) == 4  # where points hide each other
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == (
        "normal error",
        "identity index",
    )
    low, high = figure.layout.yaxis.range
    assert low < 0
    assert high > 1.3
    assert figure.layout.xaxis.range[1] > 0.302


def test_more_models_than_symbols_begin_again():
    figure = identity_figure({str(number): (0.1, 0.1) for number in range(12)})
    assert len(figure.data) == 12
    assert len({trace.marker.symbol for trace in figure.data}) == 10


def test_a_model_looks_the_same_whatever_stands_beside_it():
    alone, among = looks_of(["crr-embedded"]), looks_of(["mine", "autoencoder-embedded", "CRR"])
    assert alone["crr-embedded"] == among["CRR"]
    assert looks_of(["mine"])["mine"] == looks_of(["mine", "mine"])["mine"]
    assert DEFECT not in {look.colour for look in looks_of(map(str, range(10))).values()}
