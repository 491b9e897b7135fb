"""What a visitor does to a part."""

import cv2
import numpy as np
import pytest

from crr.anomalies import FILLINGS
from crr.data.images import encode_png
from crr.errors import ConfigError, ImageError
from tests.crr.tiny import good_images
from workbench.components.strokes import Stroke
from workbench.painting.damage import KINDS, Filling, Synthetic, paint, synthetic_damage

LINE = Stroke(tool="line", size=6.0, points=((10.0, 10.0), (50.0, 30.0)))
OTHER = Stroke(tool="rectangle", size=1.0, points=((2.0, 50.0), (30.0, 60.0)))


def damage(image, strokes, filling, synthetic=None, donors=()):
    return paint(synthetic_damage(image, synthetic, donors), strokes, filling)


@pytest.fixture
def image():
    [part] = good_images("plate", 1)
    return cv2.resize(part, (96, 64))


@pytest.fixture
def blue(tmp_path):
    path = tmp_path / "blue.png"
    path.write_bytes(encode_png(np.full((32, 32, 3), (0, 0, 200), np.uint8)))
    return path


def test_nothing_painted_is_nothing_damaged(image):
    made = damage(image, [], Filling())
    assert np.array_equal(made.image, image)
    assert not made.mask.any()


def test_colour_fills_the_strokes_and_nothing_beyond_them(image):
    before = image.copy()
    made = damage(image, [LINE], Filling(colour="#ff0080"))
    assert np.array_equal(made.image[~made.mask], image[~made.mask])
    assert made.image[20, 30].tolist() == [255, 0, 128]
    assert made.mask[20, 30]
    assert np.array_equal(image, before)


def test_half_the_strength_lies_halfway(image):
    made = damage(image, [OTHER], Filling(colour="#ffffff", strength=0.5))
    assert made.image[55, 10] == pytest.approx((image[55, 10] + 255.0) / 2, abs=1)


def test_everything_can_be_painted(image):
    everything = Stroke(tool="rectangle", size=1.0, points=((-5.0, -5.0), (200.0, 200.0)))
    made = damage(image, [everything], Filling(colour="#000000"))
    assert made.mask.all()
    assert made.image[5:-5, 5:-5].max() == 0


def test_a_texture_depends_on_its_seed_and_stays_in_place_while_strokes_are_added(image):
    texture = Filling("Texture", seed=4)
    one, both = damage(image, [LINE], texture), damage(image, [LINE, OTHER], texture)
    assert np.array_equal(one.image[one.mask], both.image[one.mask])
    other = damage(image, [LINE], Filling("Texture", seed=5))
    assert not np.array_equal(one.image, other.image)


def test_another_part_shows_through_the_strokes(image, blue):
    made = damage(image, [OTHER], Filling("Another part", part=blue))
    assert made.image[55, 10].tolist() == [0, 0, 200]


def test_another_part_that_cannot_be_read_is_named(image, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"broken\.png"):
        damage(image, [OTHER], Filling("Another part", part=tmp_path / "broken.png"))


@pytest.mark.parametrize("kind", KINDS)
def test_synthetic_damage_is_the_same_for_the_same_seed(image, blue, kind):
    first, again = (damage(image, [], Filling(), Synthetic(kind, 2), [blue]) for _ in range(2))
    assert first.mask.any()
    assert np.array_equal(first.image, again.image)
    assert not np.array_equal(first.image, damage(image, [], Filling(), Synthetic(kind, 3), [blue]).image)
    if kind != "any":
        assert first.filling == kind


def test_strokes_lie_over_synthetic_damage_and_both_count(image):
    alone = damage(image, [], Filling(), Synthetic("brightness", 0))
    both = damage(image, [OTHER], Filling(colour="#00ff00"), Synthetic("brightness", 0))
    assert both.image[55, 10].tolist() == [0, 255, 0]
    assert np.array_equal(both.mask & ~alone.mask, both.mask ^ alone.mask)
    assert (both.filling, both.shape) == (alone.filling, alone.shape)


def test_every_kind_has_a_name_for_people():
    assert set(KINDS) == {"any", *FILLINGS}


def test_an_image_too_small_for_synthetic_damage_is_told():
    with pytest.raises(ConfigError, match="at least 16 pixels"):
        damage(np.zeros((8, 8, 3), np.uint8), [], Filling(), Synthetic("any", 0))


def test_a_link_brings_back_a_synthetic_damage_or_means_nothing():
    assert Synthetic.parse(str(Synthetic("warp", 12))) == Synthetic("warp", 12)
    for nonsense in ("", "warp", "warp-", "warp-x", "gone-1", "warp--1", "warp-²", "warp-9999999999"):
        assert Synthetic.parse(nonsense) is None
