"""Out and in again: every format gives back what was said, and a wrong file is refused with its entry."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas
import pytest
from pycocotools.coco import COCO

from crr.data.datasets import open_dataset
from crr.data.masks import read_mask_file
from crr.errors import ConfigError
from tests.workbench.annotation.parts import DOT, FORMULA, HEIGHT, RING, SAID, WIDTH, write_image
from workbench.annotation.errors import AnnotationError, ProjectError, SourceError
from workbench.annotation.exporting.export import FORMATS, export
from workbench.annotation.importing.bringing import Found, Said, bring_in
from workbench.annotation.importing.coco import read_coco
from workbench.annotation.importing.datasets import read_dataset, read_folder
from workbench.annotation.importing.files import Keeping
from workbench.annotation.importing.jsonl import read_header, read_jsonl
from workbench.annotation.masks import decode, encode
from workbench.annotation.queue.ordering import Wanted
from workbench.annotation.records import Region, Review
from workbench.annotation.store import AnnotationStore


def everything(store: AnnotationStore, project: int) -> dict[str, Review | None]:
    """Name without folders to what was said last."""
    return {
        Path(item.image.name).name: None if item.head is None else store.reviews.get(item.head).review
        for item in store.images.all(project)
    }


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools
def test_coco_is_read_by_its_own_tools_and_comes_back(store, project, tmp_path):
    for kind, legacy in (("coco", 0), ("coco-legacy", 1)):
        out = tmp_path / kind
        report = export(store, project, Wanted(project.id), kind, out)
        assert (report.images, report.regions, report.left_out) == (5, 3, {})
        assert report.notes == ["Nothing was said of 1 images: they are not in it."]
        read = COCO(out / "annotations.json")
        assert {category["name"]: category["id"] for category in read.cats.values()} == {
            "dent": 1,
            "scratch": 2,
        }
        ring = next(image for image in read.imgs.values() if image["file_name"].endswith("ring.png"))
        found = read.loadAnns(read.getAnnIds(ring["id"]))
        assert [one["iscrowd"] for one in found] == [legacy, legacy]
        assert isinstance(found[0]["segmentation"]["counts"], list if legacy else str)
        assert np.array_equal(read.annToMask(found[0]).astype(bool), RING)
        assert (found[0]["area"], found[0]["bbox"]) == (int(RING.sum()), [10, 5, 20, 15])
        back = store.projects.create(kind)
        done = bring_in(store.database, back.id, read_coco(out / "annotations.json", Keeping(store.blobs)))
        assert (done.added, done.reviews, done.classes) == (5, 5, ["dent", "scratch"])
        assert everything(store, back.id) == {Path(name).name: said for name, said in SAID.items()}
        assert {item.state for item in store.images.all(back.id)} == {"left"}


def test_the_layout_of_mvtec_is_a_data_set(store, project, tmp_path):
    report = export(store, project, Wanted(project.id), "mvtec", tmp_path / "out")
    assert report.left_out == {"unsure whether they are good": ["odd.png"]}
    assert report.notes[-1] == "1 good parts to learn from, 1 good and 2 defective ones to test on."
    [category] = open_dataset(tmp_path / "out").categories
    assert (category.name, len(category.train), category.has_masks) == ("Parts", 1, True)
    kinds = {sample.path.stem: (sample.defect, sample.masks) for sample in category.test if sample.defective}
    assert {stem: kind for stem, (kind, _) in kinds.items()} == {"ring": "combined", "dot": "dent"}
    assert np.array_equal(read_mask_file(kinds["ring"][1][0], (HEIGHT, WIDTH)), RING | DOT)
    back = store.projects.create("Back")
    done = bring_in(store.database, back.id, read_dataset(tmp_path / "out", Keeping()))
    assert (done.added, done.reviews, done.classes) == (4, 4, ["combined", "dent"])
    said = everything(store, back.id)
    assert np.array_equal(decode(said["dot.png"].regions[0].mask), DOT)
    assert {item.image.label for item in store.images.all(back.id)} == {"good", "defective"}
    assert all(Path(item.image.path).is_file() for item in store.images.all(back.id))


def test_a_part_without_a_mark_is_left_out_beside_marked_ones(store, project, anna, tmp_path):
    [never] = [item.id for item in store.images.all(project.id) if item.image.name == "never.png"]
    store.reviews.save(never, None, Review("defective"), anna, "bare")
    report = export(store, project, Wanted(project.id), "mvtec", tmp_path / "out", train=0)
    assert report.left_out["defective, with no marked part where others have one"] == ["never.png"]
    assert report.notes[-1].startswith("0 good parts to learn from, 2 good")


def test_tables_hold_a_row_an_image_and_a_row_a_marked_part(store, project, tmp_path):
    export(store, project, Wanted(project.id), "parquet", tmp_path / "parquet")
    images = pandas.read_parquet(tmp_path / "parquet/images.parquet").set_index("name")
    assert images.loc["line/ring.png", ["judgement", "severity", "tags", "regions", "note"]].tolist() == [
        "defective",
        "major",
        "edge",
        2,
        FORMULA,
    ]
    regions = pandas.read_parquet(tmp_path / "parquet/regions.parquet")
    assert regions[regions.name == "line/dot.png"][
        ["left", "top", "width", "height", "area"]
    ].values.tolist() == [[50, 30, 4, 3, 12]]
    export(store, project, Wanted(project.id), "csv", tmp_path / "csv")
    with (tmp_path / "csv/images.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert rows["line/ring.png"]["note"] == f"'{FORMULA}"
    assert rows["line/ring.png"]["area"] == str(int(RING.sum() + DOT.sum()))
    assert len(rows) == 5


def test_json_lines_bring_everything_back(store, project, tmp_path):
    export(store, project, Wanted(project.id), "jsonl", tmp_path / "out")
    file = tmp_path / "out/annotations.jsonl"
    head = read_header(file)
    back = store.projects.create("Back", head.models, scheme=head.scheme, opinions=head.opinions)
    done = bring_in(store.database, back.id, read_jsonl(file, Keeping(store.blobs)))
    assert (done.added, done.reviews, done.classes) == (5, 5, [])
    assert everything(store, back.id) == {Path(name).name: said for name, said in SAID.items()}
    pairs = zip(
        sorted(store.images.all(project.id), key=lambda item: item.image.name)[:-2],
        sorted(store.images.all(back.id), key=lambda item: item.image.name),
        strict=False,
    )
    for before, after in pairs:
        histories = [store.reviews.history(number) for number in (before.id, after.id)]
        said = [[(one.author, one.saved, one.review) for one in history] for history in histories]
        assert said[0] == said[1]
        assert histories[1][1].base == histories[1][0].id
        assert after.state == "done"


def test_what_was_said_before_stays(store, project, photos, tmp_path):
    before = everything(store, project.id)
    export(store, project, Wanted(project.id), "coco", tmp_path / "out")
    found = read_coco(tmp_path / "out/annotations.json", Keeping())
    done = bring_in(store.database, project.id, found)
    assert (done.added, done.known, done.reviews, len(done.kept)) == (0, 5, 0, 5)
    kept = {item.image.digest: item.image for item in store.images.all(project.id)}
    assert {image.image.digest for image in found.images} <= kept.keys()
    for image in (one.image for one in found.images):
        assert (image.label, image.category) == (kept[image.digest].label, kept[image.digest].category)
    assert everything(store, project.id) == before
    other = store.projects.create("Others")
    bring_in(store.database, other.id, read_folder(photos, Keeping()))
    (tmp_path / "out/images").rename(tmp_path / "elsewhere")  # then the project's own images are meant
    known = [item.image for item in store.images.all(other.id)]
    found = read_coco(tmp_path / "out/annotations.json", Keeping(), known)
    assert bring_in(store.database, other.id, found).reviews == 5
    with pytest.raises(SourceError, match=r"image \d+: .* is not found, since it is not beside the file"):
        read_coco(tmp_path / "out/annotations.json", Keeping())


@pytest.mark.parametrize("copied", [True, False])
def test_images_that_moved_are_found_again_where_they_are_added_from(store, tmp_path, copied):
    write_image(tmp_path / "line/a.png")
    project = store.projects.create("Moved")
    bring_in(store.database, project.id, read_folder(tmp_path / "line", Keeping()))
    [item] = store.images.all(project.id)
    store.reviews.save(item.id, None, Review("good"), store.people.named("Anna"), "one")
    (tmp_path / "line").rename(tmp_path / "archive")
    with pytest.raises(SourceError, match="add the images again"):
        store.blobs.content(item.image)
    again = read_folder(tmp_path / "archive", Keeping(store.blobs if copied else None))
    done = bring_in(store.database, project.id, again)
    assert done.sentences == [
        "0 images added, 1 was there already.",
        "1 of them moved, and are found again.",
    ]
    [found] = store.images.all(project.id)
    assert store.blobs.content(found.image)
    assert (found.id, found.state) == (item.id, "done")
    assert bring_in(store.database, project.id, again).moved == 0


def coco(**changes: object) -> dict[str, object]:
    return {
        "images": [{"id": 1, "file_name": "a.png", "height": HEIGHT, "width": WIDTH}],
        "categories": [{"id": 1, "name": "dent"}],
        "annotations": [
            {"id": 7, "image_id": 1, "category_id": 1, "iscrowd": 0, "segmentation": [[5, 5, 20, 5, 20, 15]]}
        ],
        **changes,
    }


def annotation(**changes: object) -> dict[str, object]:
    return coco(annotations=[{"id": 7, "image_id": 1, "category_id": 1, **changes}])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "the file: Invalid JSON"),
        ("[" * 100_000, "recursion limit"),
        ("[]", "the file"),
        (coco(images=[]), "annotation 7: there is no image 1"),
        (coco(categories=[]), "annotation 7: there is no category 1"),
        (
            coco(images=[{"id": 1, "file_name": "../a.png", "height": 1, "width": 1}]),
            "no file below the folder",
        ),
        (
            coco(images=[{"id": 1, "file_name": "/a.png", "height": 1, "width": 1}]),
            "no file below the folder",
        ),
        (coco(images=[{"id": 1, "file_name": ".", "height": 1, "width": 1}]), "no file below the folder"),
        (
            coco(
                annotations=[
                    {"id": one, "image_id": 1, "category_id": 1, "segmentation": [[5, 5, 20, 5, 20, 15]]}
                    for one in range(1001)
                ]
            ),
            r"list.json, a.png has 1,001 annotations, and an image may have 1,000",
        ),
        (coco(images=[{"id": 1, "file_name": "a.png", "height": 4, "width": WIDTH}]), "the file says 60 x 4"),
        (coco(images=[{"id": 1, "file_name": "a.png", "height": -4, "width": 9}]), "images.0.height"),
        (
            coco(images=2 * [{"id": 1, "file_name": "a.png", "height": 40, "width": 60}]),
            "image 1 is there twice",
        ),
        (annotation(segmentation=[[5, 5, 20, 5]]), r"annotation 7 \(a.png\): A polygon has 4 numbers"),
        (annotation(segmentation=[[5, 5, 1e9, 5, 7, 7]]), "A polygon leaves the image"),
        (annotation(segmentation=[[5, 5, 20, 5, float("nan"), 7]]), "annotations.0.segmentation"),
        (annotation(segmentation=[20_000 * [0, 0, WIDTH, HEIGHT]]), "longer than any outline"),
        (annotation(segmentation=[]), "It has no mask"),
        (annotation(bbox=[1, 2, 3, 4]), "It has no mask"),
        (annotation(segmentation={"size": [4, 4], "counts": [16]}), "mask has 4 x 4 pixels"),
        (annotation(segmentation={"size": [HEIGHT, WIDTH], "counts": [1, 2]}), "do not cover"),
        (annotation(segmentation={"size": [HEIGHT, WIDTH], "counts": "\x00~~~"}), "damaged"),
        (annotation(segmentation={"size": [HEIGHT, WIDTH], "counts": [HEIGHT * WIDTH]}), "marks no pixel"),
        (
            annotation(segmentation={"size": [HEIGHT, WIDTH], "counts": [-1, HEIGHT * WIDTH + 1]}),
            "do not cover",
        ),
        (annotation(category_id=True, segmentation=[[5, 5, 20, 5, 20, 15]]), "annotations.0.category_id"),
    ],
)
def test_a_wrong_file_of_coco_names_its_entry(store, tmp_path, content, sentence):
    write_image(tmp_path / "a.png")
    file = tmp_path / "list.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(SourceError, match=sentence) as refused:
        read_coco(file, Keeping(store.blobs))
    assert "list.json" in str(refused.value)


def test_polygons_mark_what_is_inside(store, tmp_path):
    write_image(tmp_path / "a.png")
    file = tmp_path / "list.json"
    file.write_text(
        json.dumps(annotation(segmentation=[[5, 5, 15, 5, 15, 10, 5, 10], [30, 30, 40, 30, 40, 35, 30, 35]]))
    )
    [found] = read_coco(file, Keeping(store.blobs)).images
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[5:10, 5:15] = expected[30:35, 30:40] = True
    assert np.array_equal(decode(found.history[0].review.regions[0].mask), expected)
    file.write_text(json.dumps(coco(annotations=[])))
    found = read_coco(file, Keeping(store.blobs))
    assert found.images[0].history == ()
    assert found.notes == ["1 images have no annotation: nothing is said of them."]


def test_a_polygon_a_little_outside_is_cut_and_said(store, tmp_path):
    write_image(tmp_path / "a.png")
    file = tmp_path / "list.json"
    file.write_text(json.dumps(annotation(segmentation=[[-3, 5, 15, 5, 15, 10, -3, 10]])))
    found = read_coco(file, Keeping(store.blobs))
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[5:10, :15] = True
    assert np.array_equal(decode(found.images[0].history[0].review.regions[0].mask), expected)
    assert found.notes == ["1 annotations have corners a little outside of their image: cut at its edge."]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda lines: lines[:0], "line 1"),
        (lambda lines: [lines[1]], "line 1"),
        (lambda lines: [lines[0].replace('"version":1', '"version":2'), *lines[1:]], "newer version"),
        (lambda lines: [lines[0], "{"], "line 2"),
        (lambda lines: [*lines, lines[1].replace('"judgement":"', '"judgement":"=')], "line 7"),
        (
            lambda lines: [lines[0], lines[1].replace('"file":"images/', '"file":"../images/')],
            "no file below",
        ),
        (lambda lines: [lines[0], lines[1].replace('"digest":"', '"digest":"0')], "digest"),
        (lambda lines: [lines[0], lines[1].replace('"saved":"', '"saved":"on ')], "is no time"),
        (lambda lines: [lines[0], " " * 2**25 + lines[1]], "longer than"),
    ],
)
def test_a_wrong_line_is_named(store, project, tmp_path, change, sentence):
    export(store, project, Wanted(project.id), "jsonl", tmp_path / "out")
    file = tmp_path / "out/annotations.jsonl"
    file.write_text("\n".join(change(file.read_text().splitlines())))
    with pytest.raises(SourceError, match=sentence):
        read_jsonl(file, Keeping(store.blobs))


def test_an_import_is_all_or_nothing(store, project, photos):
    other = store.projects.create("Others")
    found = read_folder(photos, Keeping(store.blobs))
    wrong = Review("defective", (Region("dent", encode(np.ones((4, 4), bool))),))
    first, *others = found.images
    with pytest.raises(AnnotationError, match=f"{first.image.name}: A mask has 4 x 4 pixels"):
        bring_in(store.database, other.id, Found([*others, replace(first, history=(Said(wrong),))]))
    assert list(store.images.all(other.id)) == []
    second = replace(first, history=(Said(Review("good")),), opinion=2)
    with pytest.raises(ProjectError, match="Parts asks for one"):
        bring_in(store.database, project.id, Found([second]))


def test_an_export_that_fails_leaves_nothing(store, project, tmp_path):
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    for kind in FORMATS:
        with pytest.raises(KeyboardInterrupt):
            export(store, project, Wanted(project.id), kind, tmp_path / "out" / kind, stop, licence="mit")
    assert list((tmp_path / "out").iterdir()) == []
    (tmp_path / "out/there.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        export(store, project, Wanted(project.id), "csv", tmp_path / "out")
    assert (tmp_path / "out/there.txt").read_text() == "mine"
    with pytest.raises(ConfigError, match="nothing to export"):
        export(store, project, Wanted(project.id, category="none"), "csv", tmp_path / "new")


def test_an_image_that_is_gone_is_left_out_and_named(store, photos, anna, tmp_path):
    made = store.projects.create("Referred")
    bring_in(store.database, made.id, read_folder(photos, Keeping()))
    for item in store.images.all(made.id):
        store.reviews.save(item.id, None, Review("good"), anna, str(item.id))
    (photos / "odd.png").unlink()
    write_image(photos / "never.png", 77)
    report = export(store, made, Wanted(made.id), "coco", tmp_path / "out")
    reasons = "\n".join(report.left_out)
    assert report.images == 4
    assert "odd.png cannot be read from" in reasons
    assert "no longer the image that was added as never.png" in reasons


def test_a_broken_image_is_left_out_of_a_folder_and_stops_a_data_set(photos, tmp_path):
    (photos / "broken.png").write_bytes((photos / "odd.png").read_bytes()[:60])
    found = read_folder(photos, Keeping())
    assert len(found.images) == 6
    assert "1 of the images cannot be used" in found.notes[0]
    assert "broken.png" in found.notes[0]
    with pytest.raises(SourceError, match="does not tell which images are good"):
        read_dataset(photos, Keeping())
    for name in ("train/good/a.png", "test/dent/b.png"):
        write_image(tmp_path / "set/part" / name, 5)
    (tmp_path / "set/part/ground_truth/dent").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "set/part/ground_truth/dent/b_mask.png"), np.uint8(255 * DOT[:20]))
    with pytest.raises(SourceError, match=r"b_mask\.png is 60 x 20 pixels"):
        read_dataset(tmp_path / "set", Keeping())
    with pytest.raises(SourceError, match="no image"):
        read_folder(tmp_path / "nothing", Keeping())
