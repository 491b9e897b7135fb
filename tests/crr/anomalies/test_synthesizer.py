from pathlib import Path

import cv2
import numpy as np
import pytest

from crr.anomalies import FEATHER, FILLINGS, HELD_OUT, SHAPES, VISIBLE, AnomalySynthesizer, training_fillings
from crr.anomalies.perlin import perlin
from crr.anomalies.scene import describe
from crr.errors import ConfigError
from crr.types import Image, Mask
from crr.visualization.contact_sheet import Tile, contact_sheet


def textured(height: int = 96, width: int = 96, seed: int = 0) -> Image:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (max(2, height // 8), max(2, width // 8), 3), np.uint8)
    return np.ascontiguousarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def part_on_plain_background(side: int = 128) -> tuple[Image, Mask]:
    part = np.zeros((side, side), np.bool_)
    part[40:90, 30:60] = True
    image = np.full((side, side, 3), 200, np.uint8)
    image[part] = textured(side, side)[part] // 2
    return image, part


def stripes(side: int = 128) -> Image:
    bright = (np.arange(side) // 8 % 2).astype(np.uint8) * np.uint8(255)
    return np.ascontiguousarray(np.broadcast_to(bright[:, None, None], (side, side, 3)))


CANVASES = {
    "random": textured(),
    "white": np.full((64, 64, 3), 255, np.uint8),
    "black": np.zeros((64, 64, 3), np.uint8),
    "tiny": textured(16, 16),
    "tiny and white": np.full((16, 16, 3), 255, np.uint8),
    "wide": textured(16, 320),
    "tall": textured(320, 16),
    "line art": stripes(64),
}


def assert_truthful(clean: Image, damaged: Image, mask: Mask) -> None:
    """The mask marks what visibly changed, and nothing else changed."""
    assert damaged.shape == clean.shape
    assert damaged.dtype == np.uint8
    assert mask.shape == clean.shape[:2]
    assert mask.dtype == np.bool_
    assert mask.any()
    change = cv2.absdiff(clean, damaged).max(2)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((2 * FEATHER + 1, 2 * FEATHER + 1), np.uint8)) > 0
    assert not change[~near].any()
    # What is marked changed itself, or lies in a hole that closing with 7 x 7 pixels filled.
    visible = (change >= VISIBLE).astype(np.uint8)
    assert cv2.dilate(visible, np.ones((7, 7), np.uint8))[mask].all()


@pytest.mark.parametrize("what", FILLINGS)
@pytest.mark.parametrize("where", SHAPES)
def test_every_kind_works_on_every_canvas(where: str, what: str) -> None:
    synthesizer = AnomalySynthesizer(fillings=[what], shapes=[where])
    rng = np.random.default_rng(3)
    for image in CANVASES.values():
        before = image.copy()
        damage = synthesizer.damage(image, rng, donors=[CANVASES["random"]])
        assert_truthful(image, damage.image, damage.mask)
        assert (damage.shape, damage.filling) in {(where, what), ("rectangle", "brightness")}
        np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("what", FILLINGS)
@pytest.mark.parametrize("where", SHAPES)
def test_what_was_asked_for_is_what_one_gets_on_an_ordinary_image(where: str, what: str) -> None:
    synthesizer = AnomalySynthesizer(fillings=[what], shapes=[where])
    rng = np.random.default_rng(5)
    image = CANVASES["random"]
    damages = [synthesizer.damage(image, rng) for _ in range(5)]
    assert {(damage.shape, damage.filling) for damage in damages} == {(where, what)}
    changed = [cv2.absdiff(damage.image, image).max(2)[damage.mask] >= VISIBLE for damage in damages]
    assert np.mean(np.concatenate(changed)) > (0.2 if what == "noise" else 0.75)  # noise spares pixels


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    image = textured()

    def run(seed: int) -> list[bytes]:
        rng = np.random.default_rng(seed)
        synthesizer = AnomalySynthesizer(fillings=tuple(FILLINGS))
        damages = [synthesizer.damage(image, rng, [stripes()]) for _ in range(20)]
        return [damage.image.tobytes() + damage.mask.tobytes() for damage in damages]

    assert run(1) == run(1)
    assert not set(run(1)) & set(run(2))


def test_numpy_s_global_generator_is_neither_read_nor_advanced() -> None:
    before = repr(np.random.get_state())
    AnomalySynthesizer().damage(textured(), np.random.default_rng(0))
    assert repr(np.random.get_state()) == before


def test_held_out_fillings_are_never_used_by_default() -> None:
    assert not set(HELD_OUT) & set(training_fillings())
    assert set(HELD_OUT) | set(training_fillings()) == set(FILLINGS)
    synthesizer, rng, image = AnomalySynthesizer(), np.random.default_rng(0), textured()
    seen = {synthesizer.damage(image, rng).filling for _ in range(150)}
    assert seen == set(training_fillings())


def test_all_shapes_are_drawn_and_their_area_is_bounded() -> None:
    synthesizer, rng, image = AnomalySynthesizer(), np.random.default_rng(0), textured(128, 128)
    damages = [synthesizer.damage(image, rng) for _ in range(200)]
    shares = np.array([damage.mask.mean() for damage in damages])
    assert {damage.shape for damage in damages} == set(SHAPES)
    assert shares.max() < 0.25
    assert (shares < 0.005).mean() > 0.1  # small damage is not forgotten
    assert (shares > 0.03).mean() > 0.1  # nor is large


def test_white_on_white_falls_back_to_something_that_shows() -> None:
    white = np.full((64, 64, 3), 255, np.uint8)
    damage = AnomalySynthesizer(fillings=["warp"]).damage(white, np.random.default_rng(0))
    assert (damage.shape, damage.filling) == ("rectangle", "brightness")
    assert_truthful(white, damage.image, damage.mask)


def test_damage_mostly_touches_the_part_before_a_plain_background() -> None:
    image, part = part_on_plain_background()
    synthesizer, rng = AnomalySynthesizer(shapes=["blob", "stroke", "rectangle"]), np.random.default_rng(0)
    reach = cv2.dilate(part.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    touching = np.mean([(synthesizer.damage(image, rng).mask & reach).any() for _ in range(150)])
    assert touching > 0.75
    assert part.mean() < 0.15  # by chance alone it would be far fewer


def test_layout_finds_the_part_and_no_part_in_texture() -> None:
    image, part = part_on_plain_background()
    scene = describe(image)
    assert scene.foreground is not None
    assert scene.background is not None
    grown = np.kron(scene.foreground, np.ones((2, 2), np.bool_))  # 64 to 128 pixels
    assert (grown & part).sum() / (grown | part).sum() > 0.9
    assert np.allclose(scene.background, 200, atol=2)
    assert describe(textured()).foreground is None
    assert describe(np.full((50, 60, 3), 7, np.uint8)).foreground is None


def test_missing_material_in_line_art_is_a_gap_or_a_bridge() -> None:
    image = stripes()
    assert describe(image).two_tone
    synthesizer, rng = AnomalySynthesizer(fillings=["missing"], shapes=["blob"]), np.random.default_rng(0)
    for _ in range(20):
        damage = synthesizer.damage(image, rng)
        core = cv2.erode(damage.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        changed = core & (image != damage.image).any(2)
        flipped = np.abs(image.astype(int) - damage.image)[changed]
        assert flipped.size == 0 or np.median(flipped) > 200


def test_a_texture_folder_is_used(tmp_path: Path) -> None:
    path = tmp_path / "magenta.png"
    cv2.imwrite(str(path), np.full((40, 40, 3), (255, 0, 255), np.uint8))
    image = np.ascontiguousarray(textured() // 8 * np.array([0, 1, 0], np.uint8))
    synthesizer = AnomalySynthesizer([path], fillings=["texture"], shapes=["rectangle"])
    rng = np.random.default_rng(0)
    casts = []
    for _ in range(20):
        damage = synthesizer.damage(image, rng)
        red, green, blue = damage.image[damage.mask].mean(0)
        casts.append(abs(red - blue) < 3 and red > green + 30)
    assert np.mean(casts) > 0.35


def test_donors_are_used() -> None:
    donor = np.full((50, 50, 3), (250, 20, 20), np.uint8)
    image = textured() // 3
    synthesizer, rng = (
        AnomalySynthesizer(fillings=["texture"], shapes=["rectangle"]),
        np.random.default_rng(0),
    )

    def red_pastes(donors: list[Image]) -> int:
        damages = [synthesizer.damage(image, rng, donors) for _ in range(30)]
        excess = [damage.image[damage.mask].mean(0) @ [1, -0.5, -0.5] for damage in damages]
        return sum(value > 40 for value in excess)

    assert red_pastes([donor]) > red_pastes([]) + 5


def test_unknown_names_and_unusable_images_are_refused_in_a_sentence() -> None:
    with pytest.raises(ConfigError, match=r"unknown filling rust.*texture"):
        AnomalySynthesizer(fillings=["rust"])
    with pytest.raises(ConfigError, match=r"unknown shape star.*perlin"):
        AnomalySynthesizer(shapes=["blob", "star"])
    with pytest.raises(ConfigError, match="no shape was given"):
        AnomalySynthesizer(shapes=[])
    rng = np.random.default_rng(0)
    with pytest.raises(ConfigError, match="200 x 8 pixels is too small"):
        AnomalySynthesizer().damage(np.zeros((8, 200, 3), np.uint8), rng)
    with pytest.raises(ConfigError, match="RGB image of 8 bits"):
        AnomalySynthesizer().damage(np.zeros((64, 64), np.uint8), rng)


def test_tables_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        FILLINGS["rust"] = FILLINGS["noise"]  # type: ignore[index]
    with pytest.raises(TypeError):
        del SHAPES["blob"]  # type: ignore[attr-defined]


def test_perlin_noise_tiles_and_stays_in_range() -> None:
    noise = perlin((90, 120), (3, 5), np.random.default_rng(0))
    assert noise.shape == (90, 120)
    assert np.abs(noise).max() <= 1
    assert noise.std() > 0.1
    step = np.abs(np.diff(noise, axis=0)).max()
    assert np.abs(noise[0] - noise[-1]).max() <= 1.5 * step
    step = np.abs(np.diff(noise, axis=1)).max()
    assert np.abs(noise[:, 0] - noise[:, -1]).max() <= 1.5 * step


def test_contact_sheet_has_the_promised_shape_and_draws_outline_and_caption() -> None:
    image = np.full((100, 50, 3), 90, np.uint8)
    mask = np.zeros((100, 50), np.bool_)
    mask[40:60, 20:30] = True
    sheet = contact_sheet([[Tile(image, "blob x noise", mask), Tile(image, "")], [Tile(image, "")]], side=100)
    assert sheet.shape == (2 * 128 + 6, 2 * 106 + 6, 3)
    assert sheet.dtype == np.uint8
    first, second = sheet[6:106, 6:106], sheet[6:106, 112:212]
    magenta = (first == (255, 0, 160)).all(2)
    assert magenta.any()
    assert not magenta[40:60, 45:55].any()  # the damage itself stays in sight
    assert not (second == (255, 0, 160)).all(2).any()
    assert (sheet[106:128, 6:106] < 128).any()
    assert (sheet[106:128, 112:212] == 255).all()
    assert contact_sheet([]).shape == (224 + 28 + 6, 224 + 12, 3)


def test_damage_limited_to_the_foreground_leaves_the_background_alone():
    image = np.full((128, 128, 3), 200, np.uint8)
    image[40:90, 30:100] = (70, 60, 50)
    part = np.zeros((128, 128), np.bool_)
    part[38:92, 28:102] = True  # the part is found on a grid of 64 cells
    free, limited = (AnomalySynthesizer(foreground_only=only) for only in (False, True))
    outside = {False: 0, True: 0}
    for seed in range(60):
        for only, synthesizer in ((False, free), (True, limited)):
            damage = synthesizer.damage(image, np.random.default_rng(seed))
            outside[only] += int((damage.mask & ~part).sum())
    assert outside[True] == 0
    assert outside[False] > 0
