import multiprocessing
import os
import pickle
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from crr.anomalies import AnomalySynthesizer
from crr.anomalies.textures import donor_images, texture_files
from crr.data.datasets import Sample, open_dataset
from crr.data.images import encode_png
from crr.data.readers import CachedReader
from crr.errors import DatasetError, ImageError
from crr.training.damaged_images import DamagedImages, batches
from tests.crr.tiny import ENCODER, write_dataset

SMALL = replace(ENCODER, resize=32, crop=32)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Two categories: 1 plate and 9 rings."""
    root = write_dataset(tmp_path_factory.mktemp("data"), categories=2, images=9)
    plate, ring = (list(category.train) for category in open_dataset(root).categories)
    return {"plate": plate[:1], "ring": ring}


def damaged_images(samples, seed=0, batch_size=4, **options):
    return DamagedImages(samples, SMALL, AnomalySynthesizer(), seed=seed, batch_size=batch_size, **options)


def equal(first, second):
    return all(torch.equal(getattr(first, name), getattr(second, name)) for name in vars(first))


def test_a_batch_has_the_promised_shapes_and_types(samples):
    batch = damaged_images(samples)[0]
    assert batch.clean.shape == batch.damaged.shape == (4, 32, 32, 3)
    assert batch.clean.dtype == batch.damaged.dtype == torch.uint8
    assert (batch.mask.shape, batch.mask.dtype) == ((4, 32, 32), torch.bool)
    assert (batch.category.shape, batch.category.dtype) == ((4,), torch.int64)


def test_a_batch_is_a_function_of_seed_and_number(samples):
    data = damaged_images(samples)
    third = data[3]
    assert equal(third, damaged_images(samples)[3])
    assert not equal(third, data[4])
    assert not equal(third, damaged_images(samples, seed=1)[3])


def test_workers_change_nothing_and_begin_anywhere(samples):
    data = damaged_images(samples)
    alone = [data[number] for number in range(3, 8)]
    together = list(batches(data, 3, 8, workers=2))
    assert len(together) == 5
    assert all(map(equal, alone, together))


def test_ctrl_c_does_not_end_a_worker(samples):
    data = damaged_images(samples)
    running = batches(data, 0, 10, workers=1)
    next(running)
    (worker,) = multiprocessing.active_children()
    os.kill(worker.pid, signal.SIGINT)
    assert len(list(running)) == 9


def test_categories_are_balanced_whatever_their_size(samples):
    data = damaged_images(samples, batch_size=8)
    drawn = torch.cat([data[number].category for number in range(25)])
    # 200 draws of two categories: 100 plates, 4 standard deviations are 28
    assert abs(int((drawn == 0).sum()) - 100) < 28
    read = CachedReader(SMALL)
    plate = torch.from_numpy(read(samples["plate"][0].path))
    batch = data[0]
    assert all(torch.equal(image, plate) for image in batch.clean[batch.category == 0])


def test_stage_1_damages_every_image_and_stage_2_leaves_a_fifth(samples):
    always = damaged_images(samples, batch_size=10)[0]
    assert always.mask.flatten(1).any(1).all()
    mostly = damaged_images(samples, batch_size=10, damaged_share=0.8)
    clean = torch.cat([~mostly[number].mask.flatten(1).any(1) for number in range(20)])
    assert 0.1 < clean.float().mean() < 0.3


def test_images_change_where_the_mask_is_and_nowhere_far(samples):
    data = damaged_images(samples, damaged_share=0.8, batch_size=10)
    inside = marked = 0
    for number in range(20):  # in one image salt and pepper may leave a third of its mask as it was
        batch = data[number]
        changed = (batch.clean != batch.damaged).any(3)
        near = torch.nn.functional.max_pool2d(batch.mask[:, None].float(), 7, 1, 3)[:, 0] > 0
        assert not (changed & ~near).any()
        inside, marked = inside + int((changed & batch.mask).sum()), marked + int(batch.mask.sum())
    assert inside > 0.9 * marked


def test_a_reader_travels_without_what_it_has_read(samples):
    read = CachedReader(ENCODER)
    path = samples["ring"][0].path
    image = read(path)
    assert read(path) is image
    travelled = pickle.loads(pickle.dumps(read))
    assert np.array_equal(travelled(path), image)
    assert len(pickle.dumps(read)) < 2000


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_image_is_one_sentence_from_any_process(tmp_path, workers):
    broken = tmp_path / "broken.png"
    broken.write_bytes(encode_png(np.zeros((32, 32, 3), np.uint8))[:60])
    data = damaged_images({"plate": [Sample(broken, "plate", "good")]})
    with pytest.raises(ImageError, match=f"^{broken} is a PNG image that is damaged.*$") as caught:
        next(batches(data, 0, 1, workers))
    assert "\n" not in str(caught.value)


def test_texture_files(tmp_path, samples):
    assert texture_files(None) == []
    assert len(texture_files(samples["ring"][0].path.parent)) == 9
    for wrong in (tmp_path, tmp_path / "missing", samples["ring"][0].path):
        with pytest.raises(DatasetError, match="no folder with images to take textures from"):
            texture_files(wrong)


def test_material_is_cut_from_other_categories_only():
    paths = [[Path(f"{category}{number}") for number in range(3)] for category in "abc"]
    random = np.random.default_rng(0)
    given = [donor_images(paths, 1, str, random) for _ in range(60)]
    assert {path for one in given for path in one} == {"a0", "a1", "a2", "c0", "c1", "c2"}


def test_one_category_alone_has_no_donors():
    assert donor_images([[Path("a")]], 0, str, np.random.default_rng(0)) == []
