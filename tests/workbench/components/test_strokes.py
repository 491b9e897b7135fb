import json

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from workbench.components import strokes
from workbench.components.strokes import Painting, Stroke, mask_of

SIZE = (60, 80)
DOT = Stroke("brush", 8, ((30, 20),))


def message(painting: Painting, version: int, *shapes: object) -> dict[str, object]:
    """What a browser sends, as Streamlit hands it over."""
    return {"painting": painting.identity, "version": version, "strokes": list(shapes)}


def shape(**changes: object) -> dict[str, object]:
    return {"tool": "brush", "size": 8, "points": [[30, 20]], **changes}


def centres() -> tuple[np.ndarray, np.ndarray]:
    """(x, y) of the centres of all pixels."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    return x, y


def distance_to_segment(start: tuple[float, float], end: tuple[float, float]) -> np.ndarray:
    x, y = centres()
    (x0, y0), (across, down) = start, np.subtract(end, start)
    along = np.clip(((x - x0) * across + (y - y0) * down) / max(across**2 + down**2, 1e-9), 0, 1)
    return np.hypot(x - x0 - along * across, y - y0 - along * down)


def assert_edges_agree(mask: np.ndarray, distance: np.ndarray, tolerance: float = 0.75) -> None:
    """`distance` of each pixel's centre from the exact edge, negative inside."""
    assert mask[distance < -tolerance].all()
    assert not mask[distance > tolerance].any()
    assert mask.any()


@pytest.mark.parametrize("size", [3, 4.5, 20, 31])
@pytest.mark.parametrize("points", [[(30.3, 20.8)], [(12, 12), (60.1, 41.7)], [(40, 50), (40, 10)]])
def test_a_brush_is_a_disc_moved_along_its_points(size, points):
    mask = mask_of((Stroke("brush", size, tuple(points)),), SIZE)
    assert_edges_agree(mask, distance_to_segment(points[0], points[-1]) - size / 2)


def test_the_thinnest_brush_leaves_no_gap():
    mask = mask_of((Stroke("brush", 1, ((10, 10), (50, 10), (50, 40.2), (33.3, 21.9))),), SIZE)
    count, _ = cv2.connectedComponents(mask.astype(np.uint8))
    assert count == 2  # the background is one


def test_a_line_is_a_brush_of_two_points():
    points = ((5, 5), (70, 50))
    expected = mask_of((Stroke("brush", 6, points),), SIZE)
    assert np.array_equal(mask_of((Stroke("line", 6, points),), SIZE), expected)


@pytest.mark.parametrize(
    "corners", [((10, 20), (40, 50)), ((40, 50), (10, 20)), ((10.4, 49.6), (40.4, 20.4))]
)
def test_a_rectangle_has_the_pixels_between_its_corners(corners):
    expected = np.zeros(SIZE, bool)
    expected[20:50, 10:40] = True
    assert np.array_equal(mask_of((Stroke("rectangle", 1, corners),), SIZE), expected)


def test_a_polygon_has_the_pixels_whose_centres_lie_inside():
    corners = ((10, 10), (70.3, 8), (70, 50), (40, 22.7), (10, 50))  # with a notch from below
    x, y = centres()
    expected = [
        cv2.pointPolygonTest(np.float32(corners), (float(across), float(down)), measureDist=False) > 0
        for across, down in zip(x.ravel(), y.ravel(), strict=True)
    ]
    assert np.array_equal(mask_of((Stroke("polygon", 1, corners),), SIZE), np.reshape(expected, SIZE))


def test_a_polygon_is_hollow_where_it_crosses_itself():
    star = tuple(
        (40 + 25 * np.sin(turn * 0.8 * np.pi), 30 - 25 * np.cos(turn * 0.8 * np.pi)) for turn in range(5)
    )
    mask = mask_of((Stroke("polygon", 1, star),), SIZE)
    assert mask[10, 40]
    assert not mask[30, 40]


def test_an_eraser_takes_away_what_lies_before_it_only():
    everything = Stroke("rectangle", 1, ((0, 0), (80, 60)))
    eraser = Stroke("eraser", 10, ((20, 30), (60, 30)))
    mask = mask_of((everything, eraser, DOT), SIZE)
    distance = distance_to_segment((20, 30), (60, 30)) - 5
    outside_dot = ~mask_of((DOT,), SIZE)
    assert not mask[(distance < -0.75) & outside_dot].any()
    assert mask[distance > 0.75].all()
    assert mask[mask_of((DOT,), SIZE)].all()
    assert not mask_of((eraser,), SIZE).any()


@pytest.mark.parametrize("tool", ["brush", "line", "rectangle", "polygon"])
def test_what_leaves_the_image_is_cut_off(tool):
    mask = mask_of(
        (Stroke(tool, 6, ((-500, -400), (900, 600), (30, 700))[: 3 if tool == "polygon" else 2]),), SIZE
    )
    assert mask.shape == SIZE
    assert mask.any()
    far = Stroke(tool, 6, ((-9e4, -9e4), (-8e4, -9e4), (-8e4, -8e4))[: 3 if tool == "polygon" else 2])
    assert not mask_of((far,), SIZE).any()


def test_no_stroke_no_pixel():
    assert not mask_of((), SIZE).any()


@pytest.mark.parametrize(
    "changes",
    [
        {"tool": "spray"},
        {"size": 0},
        {"size": "8"},
        {"size": float("nan")},
        {"points": []},
        {"points": [[1, float("inf")]]},
        {"points": [[1, 2e6]]},
        {"points": [[1, 2, 3]]},
        {"points": [["1", "2"]]},
        {"points": None},
        {"tool": "line"},
        {"tool": "polygon", "points": [[1, 1], [2, 2]]},
        {"colour": "red"},
    ],
)
def test_a_painting_takes_no_stroke_that_breaks_the_rules(changes):
    painting = Painting((DOT,), version=3)
    painting.take(message(painting, 4, shape(**changes)))
    assert (painting.strokes, painting.version) == ((DOT,), 3)


@pytest.mark.parametrize("nonsense", [None, [], "text", {}, {"painting": 1, "version": 1, "strokes": []}])
def test_a_painting_takes_no_nonsense(nonsense):
    painting = Painting((DOT,))
    painting.take(nonsense)
    assert painting.strokes == (DOT,)


def test_a_painting_is_bounded(monkeypatch):
    painting = Painting()
    painting.take(message(painting, 1, *[shape()] * (strokes.MAX_STROKES + 1)))
    assert painting.strokes == ()
    monkeypatch.setattr(strokes, "MAX_POINTS", 5)
    painting.take(message(painting, 2, shape(points=[[1, 1]] * 3), shape(points=[[1, 1]] * 3)))
    assert painting.strokes == ()
    painting.take(message(painting, 3, shape(points=[[1, 1]] * 3), shape(points=[[1, 1]] * 2)))
    assert len(painting.strokes) == 2


def test_only_news_about_the_same_painting_count():
    painting, other = Painting(), Painting()
    painting.take(message(painting, 2, shape()))
    assert painting.strokes == (DOT,)
    painting.take(message(painting, 1))
    painting.take(message(other, 9))
    assert painting.strokes == (DOT,)
    painting.take(message(painting, 3))
    assert painting.strokes == ()


def test_strokes_go_to_the_browser_and_come_back():
    sent = Painting((DOT, Stroke("polygon", 1, ((1, 2), (3.0625, 4), (5, 6)))))
    back = Painting()
    back.take(message(back, 1, *json.loads(json.dumps(sent.as_json()))))
    assert back.strokes == sent.strokes


def test_a_stroke_made_in_python_is_checked_too():
    with pytest.raises(ValidationError, match="a polygon has at least 3 points"):
        Stroke("polygon", 1, ((1, 2), (3, 4)))


def test_who_paints_a_large_image_over_and_over_gets_a_coarser_mask(monkeypatch):
    size = (300, 400)
    strokes = (
        Stroke("brush", 60, ((80, 80), (300, 80), (300, 200))),
        Stroke("rectangle", 1, ((20, 220), (120, 290))),
        Stroke("polygon", 1, ((200, 150), (260, 290), (150, 290))),
        Stroke("eraser", 40, ((200, 60), (200, 100))),
    )
    exact = mask_of(strokes, size)
    monkeypatch.setattr("workbench.components.strokes._MOST_PIXELS", 30_000)
    coarse = mask_of(strokes, size)
    assert coarse.shape == exact.shape
    assert 0 < (coarse != exact).mean() < 0.02


def test_no_brush_is_wider_than_the_image():
    wide = mask_of((Stroke("brush", 1e5, ((SIZE[1] / 2, SIZE[0] / 2),)),), SIZE)
    assert wide.mean() > 0.95
