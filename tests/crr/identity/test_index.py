import pytest
import torch
from torch import Tensor
from torch.nn import functional

from crr.identity.index import (
    NOISE_FLOOR,
    PassedDamage,
    layer_indices,
    mean_index,
    normal_error,
    passed_damage,
)
from crr.types import Features, Reconstruction

SHAPES = ((2, 6, 8, 8), (2, 10, 4, 4))  # two images, two layers
EVERYWHERE = torch.ones(2, 32, 32, dtype=torch.bool)


def features(seed: int) -> Features:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in SHAPES]


CLEAN, DAMAGED = features(0), features(1)


def index_of(clean_answer: Features, damaged_answer: Features, mask: Tensor = EVERYWHERE) -> Tensor:
    """(2, layers): the index of each image and layer."""
    damage = passed_damage(Reconstruction(CLEAN, clean_answer), Reconstruction(DAMAGED, damaged_answer), mask)
    return layer_indices(damage.sums())


def blend(share: float) -> Features:
    """Unit features that moved from the clean ones by exactly `share` of the damage along the damage."""
    blended = []
    for clean, damaged, other in zip(CLEAN, DAMAGED, features(2), strict=True):
        start, end = functional.normalize(clean, dim=1), functional.normalize(damaged, dim=1)
        inside = start + share * (end - start)
        second = functional.normalize(end - (end * start).sum(1, keepdim=True) * start, dim=1)
        outside = other - sum((other * axis).sum(1, keepdim=True) * axis for axis in (start, second))
        height = (1 - inside.square().sum(1, keepdim=True)).sqrt()
        blended.append(inside + height * functional.normalize(outside, dim=1))
    return blended


def test_a_decoder_that_returns_its_input_copies_all_damage() -> None:
    torch.testing.assert_close(index_of(CLEAN, DAMAGED), torch.ones(2, 2))


def test_a_decoder_that_returns_the_clean_features_repairs_all_damage() -> None:
    assert (index_of(CLEAN, CLEAN) == 0).all()


def test_an_ordinary_error_of_the_decoder_does_not_count() -> None:
    wrong = features(5)
    assert (index_of(wrong, wrong) == 0).all()


@pytest.mark.parametrize("share", [0.1, 0.25, 0.7])
def test_a_blend_has_its_share(share: float) -> None:
    torch.testing.assert_close(index_of(CLEAN, blend(share)), torch.full((2, 2), share))


def test_the_length_of_features_does_not_matter() -> None:
    clean, damaged = Reconstruction(CLEAN, features(2)), Reconstruction(DAMAGED, features(3))
    longer = Reconstruction([7 * layer for layer in DAMAGED], [0.2 * layer for layer in features(3)])
    torch.testing.assert_close(
        passed_damage(clean, damaged, EVERYWHERE).sums(), passed_damage(clean, longer, EVERYWHERE).sums()
    )


def test_the_definition_holds_patch_by_patch() -> None:
    answers, damaged_answers = features(2), features(3)
    damage = passed_damage(
        Reconstruction(CLEAN, answers), Reconstruction(DAMAGED, damaged_answers), EVERYWHERE
    )
    for layer in range(len(SHAPES)):
        vectors = [
            group[layer][1, :, 2, 3] / group[layer][1, :, 2, 3].norm()
            for group in (CLEAN, DAMAGED, answers, damaged_answers)
        ]
        moved, answered = vectors[1] - vectors[0], vectors[3] - vectors[2]
        torch.testing.assert_close(damage.passed[layer][1, 0, 2, 3], answered @ moved)
        torch.testing.assert_close(damage.shown[layer][1, 0, 2, 3], moved @ moved)
        torch.testing.assert_close(damage.maps()[layer][1, 0, 2, 3], (answered @ moved) / (moved @ moved))


def test_only_patches_that_the_mask_touches_count() -> None:
    mask = torch.zeros(2, 32, 32, dtype=torch.bool)
    mask[0, 9] = True  # one pixel wide: row 2 of 8, row 1 of 4
    damage = passed_damage(Reconstruction(CLEAN, CLEAN), Reconstruction(DAMAGED, DAMAGED), mask)
    for layer, row in enumerate((2, 1)):
        counted = damage.shown[layer][0, 0] > 0
        assert counted[row].all()
        assert counted.sum() == counted.shape[1]
        assert torch.equal(damage.maps()[layer][0, 0].isnan(), ~counted)
    assert mean_index(damage.sums()).isnan().tolist() == [False, True]


def test_a_mask_of_any_size_will_do() -> None:
    mask = torch.zeros(1, 100, 100, dtype=torch.bool)
    mask[0, 99, 0] = True
    damage = passed_damage(
        Reconstruction(CLEAN, CLEAN), Reconstruction(DAMAGED, DAMAGED), mask.expand(2, -1, -1)
    )
    assert damage.shown[0][:, 0].nonzero().tolist() == [[0, 7, 0], [1, 7, 0]]


def test_where_the_damage_does_not_show_nothing_counts() -> None:
    start = torch.zeros(1, 3, 1, 2)
    start[:, 0] = 1
    moved = start.clone()
    moved[0, 1] = torch.tensor([0.9, 1.1]) * NOISE_FLOOR  # one patch moves by less, one by more
    damage = passed_damage(
        Reconstruction([start], [start]),
        Reconstruction([moved], [moved]),
        torch.ones(1, 8, 16, dtype=torch.bool),
    )
    assert damage.maps()[0].isnan().flatten().tolist() == [True, False]


def test_no_damage_has_no_index() -> None:
    damage = passed_damage(Reconstruction(CLEAN, CLEAN), Reconstruction(CLEAN, CLEAN), EVERYWHERE)
    assert (damage.sums() == 0).all()
    assert layer_indices(damage.sums()).isnan().all()
    assert mean_index(damage.sums()).isnan().all()


def test_one_clean_image_may_have_many_copies() -> None:
    first = [layer[:1] for layer in CLEAN]
    repeated = [layer.expand(2, -1, -1, -1) for layer in first]
    damaged = Reconstruction(DAMAGED, features(3))
    torch.testing.assert_close(
        passed_damage(Reconstruction(first, first), damaged, EVERYWHERE).sums(),
        passed_damage(Reconstruction(repeated, repeated), damaged, EVERYWHERE).sums(),
    )


def test_sums_add_up_to_larger_wholes() -> None:
    damage = PassedDamage(
        passed=[torch.tensor([[[[1.0, 0.0]]], [[[2.0, 3.0]]]])],
        shown=[torch.tensor([[[[2.0, 0.0]]], [[[4.0, 6.0]]]])],
    )
    assert damage.sums().tolist() == [[[1, 2]], [[5, 10]]]
    assert mean_index(damage.sums().sum(0)) == 0.5


def test_layers_count_alike_and_those_without_damage_not_at_all() -> None:
    sums = torch.tensor([[1.0, 1.0], [0.0, 1000.0], [0.0, 0.0]])
    assert layer_indices(sums)[:2].tolist() == [1, 0]
    assert mean_index(sums) == 0.5


def test_half_precision_features_are_compared_in_full() -> None:
    halves = [
        Reconstruction([x.half() for x in group], [x.half() for x in group]) for group in (CLEAN, DAMAGED)
    ]
    damage = passed_damage(halves[0], halves[1], EVERYWHERE)
    assert damage.passed[0].dtype == torch.float32
    torch.testing.assert_close(layer_indices(damage.sums()), torch.ones(2, 2))


def test_normal_error_is_the_mean_distance() -> None:
    turned = [-layer for layer in CLEAN]
    turned[0] = torch.cat([CLEAN[0][:, :, :4], -CLEAN[0][:, :, 4:]], dim=2)  # wrong in its lower half
    torch.testing.assert_close(normal_error(Reconstruction(CLEAN, CLEAN)), torch.zeros(2, 2))
    torch.testing.assert_close(
        normal_error(Reconstruction(CLEAN, turned)), torch.tensor([[1.0, 2.0], [1.0, 2.0]])
    )
