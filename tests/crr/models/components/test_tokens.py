import pytest
import torch
from torch.nn import functional

from crr.errors import ConfigError
from crr.models.components.encoder import Layer
from crr.models.components.tokens import Tokens, _space_to_depth

LAYERS = (Layer("fine", 6, (16, 24)), Layer("middle", 10, (8, 12)), Layer("coarse", 14, (4, 6)))


def features(batch=2):
    return [torch.randn(batch, layer.channels, *layer.grid) for layer in LAYERS]


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_space_to_depth_is_pixel_unshuffle_in_another_order(factor):
    maps = torch.randn(2, 3, 4 * factor, 5 * factor)
    tokens = _space_to_depth(maps, factor)
    expected = functional.pixel_unshuffle(maps, factor).view(2, 3, factor**2, 20).permute(0, 3, 2, 1)
    assert torch.equal(tokens, expected.reshape(2, 20, -1))


def test_every_layer_contributes_all_it_has_to_a_token():
    tokens = Tokens(LAYERS)
    assert (tokens.grid, tokens.count, tokens.channels) == ((4, 6), 24, [96, 40, 14])
    assert [layer.shape for layer in tokens.each(features())] == [(2, 24, 96), (2, 24, 40), (2, 24, 14)]
    assert tokens.join(features()).shape == (2, 24, 150)


def test_split_and_layers_are_the_inverses():
    tokens, layers = Tokens(LAYERS), features()
    for back in (tokens.split(tokens.join(layers)), tokens.layers(tokens.each(layers))):
        assert all(torch.equal(given, expected) for given, expected in zip(back, layers, strict=True))


def test_a_token_holds_its_own_place_and_no_other():
    tokens, layers = Tokens(LAYERS), [torch.zeros_like(layer) for layer in features(1)]
    layers[0][:, :, 4:8, 8:12] = 1  # the token of row 1, column 2
    touched = tokens.join(layers)[0].any(dim=1).nonzero().flatten().tolist()
    assert touched == [1 * 6 + 2]


@pytest.mark.parametrize("grid", [(9, 9), (8, 6)])
def test_a_grid_that_is_no_multiple_is_refused(grid):
    with pytest.raises(ConfigError, match=r"Layer odd has a .*, which is no multiple of the coarsest"):
        Tokens((Layer("odd", 4, grid), Layer("coarse", 4, (4, 4))))
