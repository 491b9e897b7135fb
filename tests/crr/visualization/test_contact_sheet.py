from pathlib import Path

import numpy as np
import pytest

from crr.anomalies import HELD_OUT
from crr.data.datasets import open_dataset
from crr.data.images import decode
from crr.errors import DatasetError
from crr.visualization.contact_sheet import write_sheet
from tests.crr.tiny import write_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return open_dataset(write_dataset(tmp_path_factory.mktemp("data"), categories=2, images=2))


def test_a_row_a_category_and_a_picture_a_draw(dataset, tmp_path):
    write_sheet(dataset, tmp_path / "new" / "sheet.png", count=3, size=96)
    sheet = decode(tmp_path / "new" / "sheet.png")
    assert sheet.shape == (2 * (96 + 22 + 6) + 6, 3 * (96 + 6) + 6, 3)
    caption = sheet[6 + 96 : 6 + 96 + 22, 6 : 6 + 96]
    assert (caption < 100).any()


def test_the_seed_decides(dataset, tmp_path):
    def drawn(seed) -> bytes:
        path: Path = tmp_path / "sheet.png"
        write_sheet(dataset, path, count=2, seed=seed, size=64)
        return path.read_bytes()

    assert drawn(0) == drawn(0) != drawn(1)


def test_captions_name_the_kinds_and_none_is_held_out(dataset, tmp_path, monkeypatch):
    tiles = []

    def watched(rows, side):
        tiles.extend(tile for row in rows for tile in row)
        return np.zeros((side, side, 3), np.uint8)

    monkeypatch.setattr("crr.visualization.contact_sheet.contact_sheet", watched)
    write_sheet(dataset, tmp_path / "sheet.png", count=12, size=64)
    assert len(tiles) == 24
    kinds = {tile.caption.split(" x ")[1] for tile in tiles}
    assert len(kinds) > 2
    assert not kinds & set(HELD_OUT)
    assert all(tile.mask.any() and tile.image.shape == (64, 64, 3) for tile in tiles)


def test_a_texture_folder_without_images(dataset, tmp_path):
    with pytest.raises(DatasetError, match="no folder with images"):
        write_sheet(dataset, tmp_path / "sheet.png", textures=tmp_path)
