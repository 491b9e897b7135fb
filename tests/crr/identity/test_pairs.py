from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from crr.anomalies import FILLINGS, VISIBLE, AnomalySynthesizer, Damage
from crr.config import EncoderConfig
from crr.data.datasets import Dataset, open_dataset
from crr.data.images import decode
from crr.data.preprocessing import to_input
from crr.errors import DatasetError, ImageError
from crr.identity.pairs import GROUP_FILLINGS, DamagedPair, SyntheticGroup, real_pairs, synthetic_pairs
from crr.types import Image
from tests.crr.tiny import ENCODER, good_image, write_dataset

CROPPED = replace(ENCODER, resize=80, crop=64)
GROUPS: tuple[SyntheticGroup, ...] = ("seen", "held_out")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset(write_dataset(tmp_path_factory.mktemp("parts"), categories=3))


def write(path: Path, image: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def write_pair(
    folder: Path, name: str = "a", size: tuple[int, int] = (40, 60), **sizes: tuple[int, int]
) -> None:
    """A grey part, one with a white line one pixel wide in row 20, and the line's mask; `sizes` differ."""
    clean = np.full((*sizes.get("clean", size), 3), 90, np.uint8)
    defective, mask = np.full((*sizes.get("defective", size), 3), 90, np.uint8), np.zeros(size, np.uint8)
    defective[20, 10:20] = mask[20, 10:20] = 255
    write(folder / "clean" / f"{name}.png", clean)
    write(folder / "defective" / f"{name}.bmp", defective)
    write(folder / "mask" / f"{name}.png", cv2.resize(mask, sizes.get("mask", size)[::-1]))


def test_the_groups_are_all_fillings_each_once() -> None:
    assert sorted(name for names in GROUP_FILLINGS.values() for name in names) == sorted(FILLINGS)


@pytest.mark.parametrize("group", GROUPS)
def test_every_normal_test_image_has_each_filling_of_the_group(
    dataset: Dataset, group: SyntheticGroup
) -> None:
    pairs = synthetic_pairs(dataset, ENCODER, group)
    normal = [row.path for category in dataset.categories for row in category.test if not row.defective]
    assert len(pairs) == len(normal) == 6
    assert pairs.copies == len(GROUP_FILLINGS[group])
    for path, copies in zip(normal, pairs, strict=True):
        assert tuple(pair.filling for pair in copies) == GROUP_FILLINGS[group]
        assert {(pair.path, pair.category, pair.group) for pair in copies} == {
            (path, path.parents[2].name, group)
        }


@pytest.mark.parametrize("encoder", [ENCODER, CROPPED], ids=["whole", "cropped"])
def test_damage_is_made_at_the_size_that_the_network_sees(dataset: Dataset, encoder: EncoderConfig) -> None:
    for copies in synthetic_pairs(dataset, encoder, "seen"):
        for pair in copies:
            assert np.array_equal(pair.clean, to_input(decode(pair.path), encoder))
            assert pair.damaged.shape == pair.clean.shape
            changed = np.abs(pair.damaged.astype(int) - pair.clean).max(2) >= VISIBLE
            assert pair.mask.any()
            assert changed[pair.mask].mean() > 0.5  # holes in damage are closed in the mask
            far = cv2.dilate(pair.mask.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
            assert not changed[far].any()


def test_the_same_twins_are_made_every_time_and_in_any_order(dataset: Dataset) -> None:
    first = synthetic_pairs(dataset, ENCODER, "held_out")
    makers = synthetic_pairs(dataset, ENCODER, "held_out").makers
    again = [make() for make in reversed(makers)][::-1]
    for copies, others in zip(first, again, strict=True):
        for pair, other in zip(copies, others, strict=True):
            assert np.array_equal(pair.damaged, other.damaged)
            assert np.array_equal(pair.mask, other.mask)


def test_another_seed_makes_other_damage(dataset: Dataset) -> None:
    one, other = (next(iter(synthetic_pairs(dataset, ENCODER, "seen", seed=seed))) for seed in (0, 1))
    assert all(not np.array_equal(a.mask, b.mask) for a, b in zip(one, other, strict=True))


def test_a_category_gives_no_more_images_than_asked_for(dataset: Dataset) -> None:
    pairs = synthetic_pairs(dataset, ENCODER, "seen", images=1)
    assert [copies[0].category for copies in pairs] == ["bar", "plate", "ring"]


def test_material_comes_from_other_categories(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Image, Image]] = []
    damage = AnomalySynthesizer.damage

    def watch(
        self: AnomalySynthesizer, image: Image, rng: np.random.Generator, donors: list[Image]
    ) -> Damage:
        seen.extend((image, donor) for donor in donors)
        return damage(self, image, rng, donors)

    monkeypatch.setattr(AnomalySynthesizer, "damage", watch)
    category = {}
    for copies in synthetic_pairs(dataset, ENCODER, "seen"):
        category[copies[0].clean.tobytes()] = copies[0].category
    assert len(seen) == 6 * len(GROUP_FILLINGS["seen"])
    assert all(category[image.tobytes()] != category[donor.tobytes()] for image, donor in seen)


def test_a_square_made_in_place_of_a_held_out_kind_is_left_out(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage = AnomalySynthesizer.damage

    def never_colour(
        self: AnomalySynthesizer, image: Image, rng: np.random.Generator, donors: list[Image]
    ) -> Damage:
        made = damage(self, image, rng, donors)
        return replace(made, filling="brightness") if made.filling == "colour" else made

    monkeypatch.setattr(AnomalySynthesizer, "damage", never_colour)
    pairs = synthetic_pairs(dataset, ENCODER, "held_out")
    assert {pair.filling for copies in pairs for pair in copies} == {"warp"}


def test_categories_without_normal_test_images_are_passed_over(tmp_path: Path) -> None:
    root = write_dataset(tmp_path)
    for path in (root / "plate" / "test" / "good").iterdir():
        path.unlink()
    pairs = synthetic_pairs(open_dataset(root), ENCODER, "seen")
    assert {pair.category for copies in pairs for pair in copies} == {"ring"}


def test_a_plain_folder_has_nothing_that_was_not_trained_on(tmp_path: Path) -> None:
    write(tmp_path / "0.png", good_image("ring", np.random.default_rng(0)))
    with pytest.raises(DatasetError, match="test/good"):
        synthetic_pairs(open_dataset(tmp_path), ENCODER, "seen")


def test_pairs_are_read_at_the_size_that_the_network_sees(tmp_path: Path) -> None:
    write_pair(tmp_path / "boards", "a")
    write_pair(tmp_path / "boards", "b")
    pairs = real_pairs(tmp_path / "boards", ENCODER)
    assert (len(pairs), pairs.copies) == (2, 1)
    (pair,), _ = list(pairs)
    assert isinstance(pair, DamagedPair)
    assert (pair.path.name, pair.category, pair.group, pair.filling) == ("a.png", "boards", "pairs", "")
    assert pair.clean.shape == pair.damaged.shape == (64, 64, 3)
    assert (pair.clean == 90).all()
    changed = np.abs(pair.damaged.astype(int) - pair.clean).max(2) >= 64
    assert changed.any()
    assert pair.mask[changed].all()
    assert pair.mask.sum() < 64 * 64 / 40


def test_the_mask_is_cropped_as_the_images_are(tmp_path: Path) -> None:
    write_pair(tmp_path, size=(80, 80))
    ((pair,),) = list(real_pairs(tmp_path, CROPPED))
    expected = np.zeros((64, 64), bool)
    expected[12, 2:12] = True  # 8 pixels less on each side
    assert np.array_equal(pair.mask, expected)
    assert np.array_equal(pair.damaged[..., 0] == 255, expected)


def test_a_thin_mask_survives_shrinking(tmp_path: Path) -> None:
    write_pair(tmp_path, size=(1000, 1000))
    ((pair,),) = list(real_pairs(tmp_path, ENCODER))
    assert pair.mask.sum() in (1, 2)


def test_a_folder_without_a_part_is_named(tmp_path: Path) -> None:
    write(tmp_path / "clean" / "a.png", np.zeros((40, 60, 3), np.uint8))
    with pytest.raises(DatasetError, match=r"no folder .*defective"):
        real_pairs(tmp_path, ENCODER)


def test_an_empty_part_is_named(tmp_path: Path) -> None:
    write_pair(tmp_path)
    (tmp_path / "mask" / "a.png").rename(tmp_path / "mask" / "a.txt")
    with pytest.raises(DatasetError, match=r"mask holds no images"):
        real_pairs(tmp_path, ENCODER)


@pytest.mark.parametrize("part", ["clean", "defective", "mask"])
def test_an_image_without_its_partner_is_named(tmp_path: Path, part: str) -> None:
    write_pair(tmp_path, "a")
    write_pair(tmp_path, "b")
    next((tmp_path / part).glob("b.*")).unlink()
    with pytest.raises(DatasetError, match=rf"{part} has no image b: "):
        real_pairs(tmp_path, ENCODER)


@pytest.mark.parametrize("part", ["defective", "mask"])
def test_another_size_is_refused(tmp_path: Path, part: str) -> None:
    write_pair(tmp_path, **{part: (50, 60)})
    with pytest.raises(DatasetError, match=rf"{part}.* is 60 x 50 pixels and its clean twin is 60 x 40"):
        list(real_pairs(tmp_path, ENCODER))


def test_an_empty_mask_is_refused(tmp_path: Path) -> None:
    write_pair(tmp_path)
    write(tmp_path / "mask" / "a.png", np.zeros((40, 60), np.uint8))
    with pytest.raises(DatasetError, match="marks no defect"):
        list(real_pairs(tmp_path, ENCODER))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    write_pair(tmp_path)
    (tmp_path / "clean" / "a.png").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"a\.png"):
        list(real_pairs(tmp_path, ENCODER))
