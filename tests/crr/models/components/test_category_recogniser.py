import pytest
import torch

from crr.models.components.category_recogniser import CategoryRecogniser, summary
from crr.models.components.encoder import Layer

LAYERS = (Layer("fine", 6, (4, 4)), Layer("coarse", 10, (2, 2)))
NOISY = 3  # a channel that varies much within every category and tells nothing
CENTRES = torch.eye(16)[:3] * 4 + 60  # far from the origin, near each other, as features are


def images(category, count, seed, noise=0.3):
    """Features of images around their category's centre, but for the channel `NOISY`."""
    random = torch.Generator().manual_seed(seed)
    means = CENTRES[category] + noise * torch.randn(count, 16, generator=random)
    means[:, NOISY] += 30 * torch.randn(count, generator=random)
    return [
        part[:, :, None, None] + torch.zeros(count, layer.channels, *layer.grid)
        for part, layer in zip(means.split([layer.channels for layer in LAYERS], dim=1), LAYERS, strict=True)
    ]


@pytest.fixture
def recogniser() -> CategoryRecogniser:
    fitted = CategoryRecogniser(LAYERS, 3)
    fitted.fit(
        [summary(images(category, 40, seed=category)) for category in range(3)],
        [summary(images(category, 40, seed=10 + category)) for category in range(3)],
    )
    return fitted


def test_a_summary_is_every_channels_mean():
    features = [torch.randn(2, layer.channels, *layer.grid) for layer in LAYERS]
    expected = torch.cat([layer.flatten(2).sum(dim=2) / layer[0, 0].numel() for layer in features], dim=1)
    torch.testing.assert_close(summary(features), expected)


@pytest.mark.parametrize("category", range(3))
def test_new_images_of_a_known_category_are_recognised(recogniser, category):
    nearest, distance = recogniser(images(category, 200, seed=20 + category))
    assert (nearest == category).all()
    assert (distance <= 1).all()


def test_other_images_are_unknown(recogniser):
    _, distance = recogniser([layer + 4 for layer in images(0, 50, seed=7)])
    assert (distance > 1).all()


def test_the_furthest_held_back_normal_sets_the_radius(recogniser):
    for category in range(3):
        distances = recogniser(images(category, 40, seed=10 + category))[1]
        assert float(distances.max()) == pytest.approx(1 / (1.5 * (1 + 2 / 40)), rel=1e-4)


def test_few_held_back_normals_show_less_of_how_far_normals_lie():
    training = [summary(images(0, 40, seed=0))]
    held_back = summary(images(0, 2, seed=10))
    few, many = CategoryRecogniser(LAYERS, 1), CategoryRecogniser(LAYERS, 1)
    few.fit(training, [held_back])
    many.fit(training, [held_back.repeat(20, 1)])
    assert float(few.radius) == pytest.approx(2 / (1 + 2 / 40) * float(many.radius))


def test_an_image_alone_is_judged_as_in_a_crowd(recogniser):
    crowd = images(1, 60, seed=8)  # many rows tempt cdist to a faster, rougher way
    nearest, distance = recogniser(crowd)
    for row in range(60):
        alone = recogniser([layer[row : row + 1] for layer in crowd])
        assert int(alone[0]) == int(nearest[row])
        assert float(alone[1]) == pytest.approx(float(distance[row]), rel=1e-4)


def test_many_copies_of_one_image_know_that_image():
    copies = images(0, 1, seed=0)
    rows = summary(copies).repeat(4, 1)
    recogniser = CategoryRecogniser(LAYERS, 1)
    recogniser.fit([rows], [rows[:2]])
    assert float(recogniser(copies)[1]) <= 1
    assert float(recogniser(images(1, 1, seed=0))[1]) > 1


def test_before_fitting_nothing_is_unlike_anything_known():
    nearest, distance = CategoryRecogniser(LAYERS, 1)(images(2, 3, seed=0))
    assert nearest.tolist() == [0, 0, 0]
    assert (distance <= 1).all()
