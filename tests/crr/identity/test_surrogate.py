import pytest
import torch
from torch.nn import functional

from crr.identity.index import layer_indices, passed_damage
from crr.identity.surrogate import NormalPatches, surrogate_for
from crr.types import Reconstruction

GRID, CHANNELS = 4, 8
MASK = torch.zeros(1, 16, 16, dtype=torch.bool)
MASK[:, :4, :8] = True  # two patches of sixteen


def features(seed, count=GRID * GRID):
    return torch.randn(count, CHANNELS, generator=torch.Generator().manual_seed(seed))


def on_grid(rows):
    return rows.T.reshape(1, CHANNELS, GRID, GRID)


def index_of(answer, damaged, normals):
    """With normal patches in the place of the clean twin; `answer` is the decoder."""
    after = Reconstruction([on_grid(damaged)], [on_grid(answer(damaged))])
    twin = surrogate_for(after, MASK, [NormalPatches(normals, answer(normals))])
    return float(layer_indices(passed_damage(twin, after, MASK).sums())[0, 0])


def test_the_patches_under_the_mask_are_replaced_by_their_nearest_and_no_others():
    clean = features(0)
    damaged = clean + 0.3 * features(1)
    normals = clean[torch.randperm(len(clean), generator=torch.Generator().manual_seed(2))]
    after = Reconstruction([on_grid(damaged)], [on_grid(features(3))])
    answers = features(4)
    twin = surrogate_for(after, MASK, [NormalPatches(normals, answers)])
    changed = (twin.encoder[0] != after.encoder[0]).any(dim=1)[0]
    assert changed.nonzero().tolist() == [[0, 0], [0, 1]]
    order = (functional.normalize(damaged, dim=1) @ functional.normalize(normals, dim=1).T).argmax(dim=1)
    for column in (0, 1):
        torch.testing.assert_close(twin.encoder[0][0, :, 0, column], normals[order[column]])
        torch.testing.assert_close(twin.decoder[0][0, :, 0, column], answers[order[column]])
    assert torch.equal(after.encoder[0], on_grid(damaged))  # the given features are left as they were


def test_a_copy_has_index_1_and_an_answer_that_does_not_change_has_0():
    clean = features(0)
    damaged = clean + 0.5 * features(1)
    assert index_of(lambda rows: 3 * rows, damaged, clean) == pytest.approx(1)
    constant = features(5, 1)
    assert index_of(lambda rows: constant.expand(len(rows), -1), damaged, clean) == pytest.approx(0)


def test_where_the_clean_patches_are_remembered_the_estimate_is_the_index():
    clean = features(0)
    damaged = clean + 0.3 * features(1)
    mixing = torch.eye(CHANNELS) + 0.3 * torch.randn(
        CHANNELS, CHANNELS, generator=torch.Generator().manual_seed(6)
    )
    before = Reconstruction([on_grid(clean)], [on_grid(clean @ mixing)])
    after = Reconstruction([on_grid(damaged)], [on_grid(damaged @ mixing)])
    known = float(layer_indices(passed_damage(before, after, MASK).sums())[0, 0])
    assert index_of(lambda rows: rows @ mixing, damaged, clean) == pytest.approx(known)
