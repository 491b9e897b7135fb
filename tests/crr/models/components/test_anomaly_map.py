import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional

from crr.models.components.anomaly_map import mean_map, top_share_score, upsample_and_blur

RANDOM = np.random.default_rng(0)


def random_maps(*shape):
    return torch.from_numpy(RANDOM.random(shape).astype(np.float32))


@pytest.mark.parametrize(("sigma", "kernel"), [(2.0, 9), (4.0, 5), (1.0, 3), (0.7, 1), (6.0, 31)])
def test_smoothing_is_opencvs(sigma, kernel):
    maps = random_maps(2, 1, 40, 40)
    for given, truth in zip(upsample_and_blur(maps, 40, sigma, kernel), maps, strict=True):
        expected = cv2.GaussianBlur(
            truth[0].numpy(), (kernel, kernel), sigma, borderType=cv2.BORDER_REPLICATE
        )
        np.testing.assert_allclose(given[0], expected, atol=1e-5)


@pytest.mark.parametrize("grid", [(7, 7), (16, 12), (64, 64)])
def test_enlarging_is_bilinear(grid):
    maps = random_maps(3, 1, *grid)
    expected = functional.interpolate(maps, size=(64, 64), mode="bilinear", align_corners=False)
    torch.testing.assert_close(upsample_and_blur(maps, 64, sigma=0, kernel=9), expected)


def test_a_map_is_enlarged_before_it_is_smoothed():
    maps = random_maps(1, 1, 12, 12)
    full = functional.interpolate(maps, size=(48, 48), mode="bilinear", align_corners=False)[0, 0]
    expected = cv2.GaussianBlur(full.numpy(), (9, 9), 2.0, borderType=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(upsample_and_blur(maps, 48, 2.0, 9)[0, 0], expected, atol=1e-5)


def test_what_a_prediction_smoothed_can_still_be_trained_through():
    with torch.inference_mode():
        upsample_and_blur(random_maps(1, 1, 5, 5), 21, 1.5, 5)
    maps = random_maps(1, 1, 5, 5).requires_grad_()
    upsample_and_blur(maps, 21, 1.5, 5).sum().backward()
    assert float(maps.grad.sum()) == pytest.approx(21**2, rel=1e-4)  # weights of every pixel sum to one


def test_layers_meet_on_the_finest_grid():
    fine, coarse = random_maps(2, 1, 16, 16), random_maps(2, 1, 4, 4)
    expected = [
        (truth[0].numpy() + cv2.resize(low[0].numpy(), (16, 16), interpolation=cv2.INTER_LINEAR)) / 2
        for truth, low in zip(fine, coarse, strict=True)
    ]
    np.testing.assert_allclose(mean_map([coarse, fine])[:, 0], expected, atol=1e-5)


def test_one_layer_is_its_own_mean():
    fine = random_maps(2, 1, 8, 8)
    torch.testing.assert_close(mean_map([fine]), fine)


@pytest.mark.parametrize("share", [0.002, 0.01, 0.25, 1.0])
def test_the_score_is_the_mean_of_the_highest_pixels(share):
    maps = random_maps(3, 1, 50, 40)
    ordered = np.sort(maps.flatten(1).numpy(), axis=1)[:, ::-1]
    np.testing.assert_allclose(
        top_share_score(maps, share), ordered[:, : round(2000 * share)].mean(axis=1), rtol=1e-5
    )


def test_the_score_rests_on_one_pixel_at_least():
    maps = random_maps(2, 1, 10, 10)
    assert torch.equal(top_share_score(maps, 1e-6), maps.amax(dim=(1, 2, 3)))
