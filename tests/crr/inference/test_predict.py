import weakref
from pathlib import Path

import cv2
import numpy as np
import pytest

from crr.data.images import decode
from crr.errors import CRRError, DatasetError
from crr.inference import engine
from crr.inference.predict import predict_files
from crr.visualization.colormap import overlay
from tests.crr.tiny import calibrated_detector, good_images

KEYS = ["path", "page", "score", "percentile", "verdict", "category", "known", "heatmap", "mask"]


@pytest.fixture(scope="module")
def detector():
    return calibrated_detector()


def write(path, seed=0, category="ring"):
    path.parent.mkdir(parents=True, exist_ok=True)
    (image,) = good_images(category, 1, seed)
    cv2.imwrite(str(path), image[..., ::-1])
    return path


def test_a_row_says_what_the_inspection_says(detector, tmp_path):
    path = write(tmp_path / "a.png")
    (row,) = predict_files(detector, [path])
    (inspection,) = engine.inspect(detector, [decode(path)])
    assert list(row) == KEYS
    assert row == {
        "path": str(path),
        "page": 1,
        "score": inspection.score,
        "percentile": inspection.percentile,
        "verdict": inspection.verdict,
        "category": "ring",
        "known": inspection.known,
        "heatmap": None,
        "mask": None,
    }


def test_pictures_have_the_size_of_the_image(detector, tmp_path):
    path = write(tmp_path / "a.png")
    (row,) = predict_files(detector, [path], tmp_path / "new" / "out")
    image, heat, mask = (decode(tmp_path / row_path) for row_path in (path, row["heatmap"], row["mask"]))
    assert row["heatmap"] == str(tmp_path / "new" / "out" / "a_heatmap.png")
    assert image.shape == heat.shape == mask.shape == (48, 72, 3)
    (inspection,) = engine.inspect(detector, [image])
    assert np.array_equal(heat, overlay(image, inspection.anomaly_map_at(inspection.size), 0.7))
    assert np.array_equal(mask[..., 0] > 0, inspection.mask())
    assert set(np.unique(mask)) <= {0, 255}
    assert list(row) == KEYS


def test_rows_come_in_the_order_given_whatever_the_batch(detector, tmp_path):
    names = ["c.png", "a.png", "e.png", "b.png", "d.png"]
    paths = [write(tmp_path / name, seed) for seed, name in enumerate(names)]
    rows = list(predict_files(detector, paths, batch_size=5))
    assert [row["path"] for row in rows] == list(map(str, paths))
    for batch_size in (1, 2, 8):
        again = list(predict_files(detector, paths, batch_size=batch_size))
        assert [row["path"] for row in again] == list(map(str, paths))
        assert [row["score"] for row in again] == pytest.approx([row["score"] for row in rows], rel=1e-4)


def test_bad_files_are_reported_and_the_rest_go_on(detector, tmp_path):
    good = [write(tmp_path / name) for name in ("a.png", "z.png")]
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("not an image", encoding="utf-8")
    (tmp_path / "short.png").write_bytes(good[0].read_bytes()[:90])
    bad = [tmp_path / name for name in ("missing.png", "empty.png", "text.png", "short.png")]
    rows = list(predict_files(detector, [good[0], *bad, good[1]], tmp_path / "out", batch_size=2))
    assert [list(row) for row in rows] == [KEYS, *4 * [["path", "page", "error"]], KEYS]
    for path, row in zip(bad, rows[1:5], strict=True):
        assert row["path"] == str(path)
        assert path.name in row["error"]
        assert "\n" not in row["error"]
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_a_link_to_itself_is_a_row_wherever_it_lies(detector, tmp_path):
    write(tmp_path / "in" / "a.png")
    for loop in ("in/loop.png", "out/a_heatmap.png"):
        (tmp_path / loop).parent.mkdir(exist_ok=True)
        (tmp_path / loop).symlink_to(Path(loop).name)
    first, second = predict_files(detector, [tmp_path / "in"], tmp_path / "out", overwrite=True)
    assert decode(first["heatmap"]).shape == (48, 72, 3)
    assert "loop.png" in second["error"]


def test_only_bad_files_are_still_rows(detector, tmp_path):
    rows = list(predict_files(detector, [tmp_path / "x.png", tmp_path / "y.png"]))
    assert [list(row) for row in rows] == 2 * [["path", "page", "error"]]


def test_files_of_one_name_get_pictures_of_their_own(detector, tmp_path):
    paths = [
        write(tmp_path / "one" / "part.png"),
        write(tmp_path / "two" / "part.png"),
        write(tmp_path / "two" / "part_2.png"),
        write(tmp_path / "three" / "PART.jpg"),
    ]
    rows = list(predict_files(detector, paths, tmp_path / "out"))
    names = [row["mask"].removeprefix(f"{tmp_path}/out/") for row in rows]
    assert names == ["part_mask.png", "part_2_mask.png", "part_2_2_mask.png", "PART_3_mask.png"]
    assert len(list((tmp_path / "out").iterdir())) == 8


def test_pictures_of_a_searched_folder_keep_its_subfolders(detector, tmp_path):
    for name in (
        "line1/000.png",
        "line2/000.png",
        "line2/deep/000.png",
        "000.png",
        "x.png",
        "x_mask.png/y.png",
    ):
        write(tmp_path / "in" / name)
    alone = write(tmp_path / "other" / "000.png")
    rows = list(
        predict_files(detector, [alone, tmp_path / "in", tmp_path / "in" / "line1"], tmp_path / "out")
    )
    rows = [row for row in rows if "mask" in row]  # a folder that is called like an image is an error
    masks = {row["path"].removeprefix(f"{tmp_path}/"): row["mask"] for row in rows}
    assert {path: mask.removeprefix(f"{tmp_path}/out/") for path, mask in masks.items()} == {
        "other/000.png": "000_mask.png",
        "in/000.png": "000_2_mask.png",
        "in/line1/000.png": "line1/000_mask.png",
        "in/line2/000.png": "line2/000_mask.png",
        "in/line2/deep/000.png": "line2/deep/000_mask.png",
        "in/x.png": "x_mask.png",
        "in/x_mask.png/y.png": "x_mask.png_/y_mask.png",
    }
    assert all(Path(row[kind]).is_file() for row in rows for kind in ("heatmap", "mask"))


def test_pictures_in_subfolders_cover_no_image(detector, tmp_path):
    images = [write(tmp_path / "a" / name) for name in ("p.png", "p_mask.png", "Q.png", "q_HEATMAP.png")]
    before = [path.read_bytes() for path in images]
    rows = list(predict_files(detector, [tmp_path], tmp_path))
    assert [path.read_bytes() for path in images] == before
    masks = {Path(row["path"]).name: Path(row["mask"]).name for row in rows}
    assert masks["p.png"] == "p_2_mask.png"


def test_very_long_names_are_cut_and_still_tell_files_apart(detector, tmp_path):
    paths = [
        write(tmp_path / (letter * count + end))
        for letter, count, end in (("x", 250, ".png"), ("x", 249, "y.png"), ("\u00fc", 120, ".png"))
    ]
    rows = list(predict_files(detector, paths, tmp_path / "out"))
    assert not any("error" in row for row in rows)
    assert len({row["heatmap"] for row in rows}) == 3


def test_pictures_never_cover_an_image_or_a_mask_that_was_given(detector, tmp_path):
    for name in ("part.png", "part_mask.png", "part_2_heatmap.png"):
        write(tmp_path / name)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    rows = list(predict_files(detector, [tmp_path], tmp_path))
    assert len(rows) == 2  # the mask is passed over
    assert {path: path.read_bytes() for path in before} == before
    assert [row["mask"] for row in rows if row["path"].endswith("part.png")] == [
        f"{tmp_path}/part_3_mask.png"
    ]


def test_what_is_there_is_replaced_only_when_asked(detector, tmp_path, monkeypatch):
    out = tmp_path / "out"
    list(predict_files(detector, write(tmp_path / "a.png"), out))
    before = {path: path.read_bytes() for path in out.iterdir()}
    other = [write(tmp_path / name / "a.png", 5, "plate") for name in ("new", "again")]
    with monkeypatch.context() as nothing:
        nothing.setattr(engine, "inspect", None)  # refused before the work
        with pytest.raises(
            CRRError, match=r"out holds 2 files already where .*, the first is a_heatmap\.png: name another"
        ) as caught:
            next(predict_files(detector, other, out))
    assert caught.value.remedy == "overwrite"
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    list(predict_files(detector, other, out, overwrite=True))
    assert (out / "a_heatmap.png").read_bytes() != before[out / "a_heatmap.png"]
    assert len(list(out.iterdir())) == 4


@pytest.mark.parametrize("place", ["", "results"])
def test_a_second_run_among_the_photos_inspects_none_of_its_pictures(detector, tmp_path, place):
    photos = [write(tmp_path / name) for name in ("part.png", "part.bmp", "line/x.png")]
    before = [path.read_bytes() for path in photos]
    first = list(predict_files(detector, tmp_path, tmp_path / place))
    assert len({row["mask"] for row in first}) == 3
    with pytest.raises(CRRError, match="holds 6 files already"):
        next(predict_files(detector, tmp_path, tmp_path / place))
    for _ in range(2):
        assert list(predict_files(detector, tmp_path, tmp_path / place, overwrite=True)) == first
    assert [path.read_bytes() for path in photos] == before


def test_a_mask_that_somebody_drew_beside_a_photo_is_never_replaced_unasked(detector, tmp_path):
    photo, mask = write(tmp_path / "part.png"), write(tmp_path / "part_mask.png", 7)
    drawn = mask.read_bytes()
    with pytest.raises(CRRError, match=r"holds 1 file already .* the first is part_mask\.png"):
        next(predict_files(detector, photo, tmp_path))
    (row,) = predict_files(detector, photo, tmp_path, overwrite=True)
    assert row["mask"] == f"{tmp_path}/part_2_mask.png"
    for kind in ("heatmap", "mask"):
        (tmp_path / f"part_2_{kind}.png").unlink()
    for overwrite in (False, True, True):
        (row,) = predict_files(detector, tmp_path, tmp_path, overwrite=overwrite)
        assert row["mask"] == f"{tmp_path}/part_2_mask.png"
    assert mask.read_bytes() == drawn


def test_a_folder_is_searched_and_an_empty_one_is_a_sentence(detector, tmp_path):
    write(tmp_path / "b" / "2.png")
    write(tmp_path / "a" / "1.png")
    (tmp_path / "a" / "notes.txt").touch()
    rows = list(predict_files(detector, [tmp_path]))
    assert [row["path"] for row in rows] == [f"{tmp_path}/a/1.png", f"{tmp_path}/b/2.png"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"No images found in .*empty"):
        next(predict_files(detector, [tmp_path / "empty"]))


def test_an_output_folder_that_is_a_file(detector, tmp_path):
    path = write(tmp_path / "a.png")
    with pytest.raises(CRRError, match=r"a\.png is a file"):
        next(predict_files(detector, [path], path))


def test_progress_counts_all_files(detector, tmp_path):
    reports = []
    paths = [write(tmp_path / "a.png"), tmp_path / "missing.png", write(tmp_path / "b.png")]
    list(predict_files(detector, paths, batch_size=2, progress=reports.append))
    assert (reports[-1].stage, reports[-1].step, reports[-1].total) == ("predict", 3, 3)


def test_no_more_than_three_batches_of_images_are_in_memory(detector, tmp_path, monkeypatch):
    alive = weakref.WeakSet()

    class Watched(np.ndarray):
        """An image that can be counted."""

        __hash__ = object.__hash__

    def watched_decode(path, **_):
        image = decode(path).view(Watched)
        alive.add(image)
        return image

    paths = [write(tmp_path / f"{number:02}.png") for number in range(24)]
    monkeypatch.setattr("crr.inference.predict.decode", watched_decode)
    rows = predict_files(detector, paths, tmp_path / "out", batch_size=2)
    most = [len(alive) for _ in rows]
    assert len(most) == 24
    assert max(most) <= 6
