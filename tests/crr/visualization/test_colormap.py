import numpy as np

from crr.visualization.colormap import colour, colour_table, opacity, overlay


def test_zero_is_transparent_and_high_levels_are_solid():
    levels = np.array([0, 0.3, 0.6, 1, 7], dtype=np.float32)
    assert opacity(levels).tolist() == [0, 0.25, 1, 1, 1]


def test_lightness_rises_all_the_way():
    levels = np.linspace(0, 1, 256, dtype=np.float32)
    lightness = colour(levels[None])[0] @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(np.convolve(lightness, np.ones(8) / 8, "valid")) > 0).all()


def test_levels_outside_the_scale_are_clipped_and_never_stretch_it():
    assert (colour(np.float32([[2]])) == colour(np.float32([[1]]))).all()
    assert (colour(np.float32([[-1]])) == colour(np.float32([[0]]))).all()


def test_the_table_fades_to_nothing_unless_it_is_solid():
    fading, solid = colour_table(transparent=True), colour_table(transparent=False)
    assert (fading[:, :3] == solid[:, :3]).all()
    assert (fading[0, 3], fading[-1, 3]) == (0, 255)
    assert (solid[:, 3] == 255).all()


def test_an_overlay_leaves_the_image_alone_where_the_map_is_zero():
    image = np.full((2, 2, 3), 90, dtype=np.uint8)
    levels = np.array([[0, 1], [0, 0.6]], dtype=np.float32)
    drawn = overlay(image, levels, over=1.0)
    assert (drawn[:, 0] == 90).all()
    assert (drawn[:, 1] == colour(levels)[:, 1]).all()
