import json

import pytest

from crr.data.images import decode
from crr.data.masks import read_mask_file
from crr.errors import DatasetError
from workbench.inspection.samples import read_samples, sample_thumbnail
from workbench.settings import Settings

ROW = {"file": "gone.jpg", "title": "", "category": "", "defective": True, "source": "", "licence": ""}


def test_the_first_sample_is_a_defective_part_and_every_category_has_good_and_defective_ones():
    samples = list(read_samples(Settings().samples).values())
    assert samples[0].defective
    assert {(sample.category, sample.defective) for sample in samples} == {
        (category, defective)
        for category in ("mvtec_bottle", "mvtec_screw", "deeppcb", "ballscrew")
        for defective in (True, False)
    }


def test_every_sample_can_be_read_and_names_its_source_and_licence():
    folder = Settings().samples
    sources = (folder / "SOURCES.md").read_text(encoding="utf-8")
    for sample in read_samples(folder).values():
        assert min(decode(sample.path).shape[:2]) >= 300
        assert sample_thumbnail(sample).startswith("data:image/jpeg;base64,")
        line = next(line for line in sources.splitlines() if f"`{sample.path.name}`" in line)
        assert sample.source in line
        assert sample.licence in line
        assert sample.licence in sample.credit


def test_no_file_lies_in_the_folder_without_a_source():
    folder = Settings().samples
    samples = read_samples(folder).values()
    named = {path for sample in samples for path in (sample.path, sample.mask)}
    assert {path for path in folder.rglob("*") if path.suffix in (".jpg", ".png")} == named - {None}


def test_the_defect_of_every_defective_sample_is_marked():
    for sample in read_samples(Settings().samples).values():
        assert (sample.mask is not None) == sample.defective
        if sample.mask is not None:
            size = decode(sample.path).shape[:2]
            assert decode(sample.mask).shape[:2] == size
            assert 0.001 < read_mask_file(sample.mask, size).mean() < 0.1


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[" * 200_000,
        " " * 2**20 + "[]",
        json.dumps([ROW] * 300),
        json.dumps([ROW | {"title": "x" * 201}]),
        json.dumps([ROW | {"defective": {"a": ["deep"]}}]),
        json.dumps([ROW | {"file": "../part.jpg"}]),
        json.dumps([ROW | {"file": "/etc/hostname"}]),
        json.dumps([ROW | {"mask": "masks/../../part.png"}]),
    ],
    ids=lambda content: content.strip()[:30],
)
def test_a_list_that_nobody_would_write_is_a_sentence(tmp_path, content):
    (tmp_path / "samples.json").write_text(content)
    with pytest.raises(DatasetError, match=r"samples\.json cannot be read"):
        read_samples(tmp_path)


def test_an_incomplete_folder_is_a_sentence(tmp_path):
    with pytest.raises(DatasetError, match=r"samples\.json cannot be read"):
        read_samples(tmp_path)
    read_samples.cache_clear()
    (tmp_path / "samples.json").write_text(json.dumps([ROW | {"mask": "masks/gone.png"}]))
    with pytest.raises(DatasetError, match=r"gone\.jpg"):
        read_samples(tmp_path)
    (tmp_path / "gone.jpg").touch()
    read_samples.cache_clear()
    with pytest.raises(DatasetError, match=r"masks/gone\.png"):
        read_samples(tmp_path)
