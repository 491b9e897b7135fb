import hashlib
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from crr.config import DetectorConfig
from crr.errors import CRRError, TrainingError, WriteError
from crr.training.optim import create_optimizer
from crr.training.snapshots import (
    REPAIR,
    SEGMENTATION,
    STATISTICS,
    Snapshots,
    fingerprint,
    is_unfinished,
    timer,
)
from tests.crr.tiny import tiny_config, tiny_detector

PRINT = "fingerprint"


def opened(out, mark=PRINT, *, resume=False, overwrite=False):
    """Snapshots of a run with that fingerprint that has written none yet, and ended."""
    with Snapshots.open(out, resume=resume, overwrite=overwrite) as snapshots:
        snapshots.belong_to(mark)
    return snapshots


full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")


@pytest.fixture
def unfinished(tmp_path):
    """A folder with a run that stopped after step 3 of stage 1."""
    snapshots = opened(tmp_path / "run")
    snapshots.save(REPAIR, 3, tiny_detector(seed=5))
    return tmp_path / "run"


def reopened(folder, mark=PRINT):
    return opened(folder, mark, resume=True)


def test_weights_come_back_bit_by_bit(unfinished):
    saved, detector = tiny_detector(seed=5), tiny_detector(seed=6)
    reopened(unfinished).restore(detector)
    for name, tensor in saved.state_dict().items():
        assert torch.equal(detector.state_dict()[name], tensor), name


def test_the_optimiser_comes_back_in_its_stage_only(tmp_path):
    detector, config = tiny_detector(), tiny_config().training.repair
    optimizer = create_optimizer(detector.decoder.parameters(), config)
    detector.decode([torch.rand(1, layer.channels, *layer.grid) for layer in detector.encoder.layers])[
        0
    ].sum().backward()
    optimizer.step()
    opened(tmp_path).save(REPAIR, 1, detector, optimizer)

    snapshots = reopened(tmp_path)
    other = create_optimizer(detector.decoder.parameters(), config)
    snapshots.restore_optimizer(SEGMENTATION, other)
    assert not other.state
    snapshots.restore_optimizer(REPAIR, other)
    assert len(other.state) == len(optimizer.state) > 0


@pytest.mark.parametrize(
    ("stage", "step", "done"),
    [
        (REPAIR, 3, (3, 0, 0)),
        (STATISTICS, 1, (9, 1, 0)),
        (SEGMENTATION, 2, (9, 1, 2)),
    ],
)
def test_earlier_stages_are_complete_and_later_ones_not_begun(tmp_path, stage, step, done):
    opened(tmp_path).save(stage, step, tiny_detector())
    snapshots = reopened(tmp_path)
    totals = {REPAIR: 9, STATISTICS: 1, SEGMENTATION: 5}
    assert tuple(snapshots.steps_done(name, total) for name, total in totals.items()) == done


def test_a_new_run_has_done_nothing(tmp_path):
    snapshots = opened(tmp_path / "run")
    assert [snapshots.steps_done(name, 4) for name in (REPAIR, STATISTICS, SEGMENTATION)] == [0, 0, 0]
    assert not is_unfinished(tmp_path / "run")


def test_nothing_to_resume(tmp_path):
    with pytest.raises(TrainingError, match=r"no unfinished run to resume: start a new one"):
        reopened(tmp_path)


def test_other_settings_are_not_resumed(unfinished):
    with pytest.raises(TrainingError, match="other settings or other images"):
        reopened(unfinished, mark="another")


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half a file", b"\x80\x02cos\nsystem\n"])
def test_a_damaged_state_is_a_sentence(unfinished, damage):
    (unfinished / "snapshot" / "state.pt").write_bytes(damage)
    with pytest.raises(TrainingError, match=r"state.pt is damaged .*: start anew") as caught:
        reopened(unfinished)
    assert caught.value.remedy == "overwrite"


def test_bytes_that_changed_on_the_disk_are_a_sentence(unfinished):
    path = unfinished / "snapshot" / "state.pt"
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda entry: entry.file_size)
    middle = largest.header_offset + 200 + largest.file_size // 2
    for place in (middle, middle + 1):
        path.write_bytes(whole[:place] + bytes([255 - whole[place]]) + whole[place + 1 :])
        with pytest.raises(TrainingError, match=r"state.pt is damaged .*: start anew"):
            reopened(unfinished)
    path.write_bytes(whole)
    reopened(unfinished)


def test_a_foreign_state_is_a_sentence(unfinished):
    torch.save([1, 2], unfinished / "snapshot" / "state.pt")
    with pytest.raises(TrainingError, match="is damaged"):
        reopened(unfinished)


def test_an_unfinished_run_is_not_started_anew_by_accident(unfinished):
    with pytest.raises(TrainingError, match=r"unfinished run: resume it") as caught:
        opened(unfinished)
    assert caught.value.remedy == "resume"
    assert is_unfinished(unfinished)


def test_a_used_folder_is_not_written_into_by_accident(tmp_path):
    (tmp_path / ".DS_Store").touch()
    opened(tmp_path)
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    with pytest.raises(TrainingError, match=r"already holds files: choose another") as caught:
        opened(tmp_path)
    assert caught.value.remedy == "overwrite"
    with pytest.raises(TrainingError, match=r"README\.md is of no earlier run, and would be lost"):
        opened(tmp_path, overwrite=True)
    (tmp_path / "model.safetensors").touch()
    opened(tmp_path, overwrite=True)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "mine"


def test_what_somebody_wrote_beside_an_unfinished_run_is_not_lost(unfinished):
    (unfinished / "README.md").write_text("my notes", encoding="utf-8")
    with pytest.raises(TrainingError, match=r"README\.md is of no earlier run, and would be lost"):
        opened(unfinished, overwrite=True)
    assert is_unfinished(unfinished)


def test_overwrite_forgets_the_run_and_leaves_other_files(unfinished):
    leftover = unfinished / "snapshot" / ".state.pt.k3x_9a1b"  # of a run that was killed while it wrote
    leftover.touch()
    (unfinished / "snapshot" / "mine.txt").touch()
    opened(unfinished, overwrite=True)
    assert [path.name for path in (unfinished / "snapshot").iterdir()] == ["mine.txt"]


def test_a_complete_run_leaves_no_folder(unfinished):
    reopened(unfinished).remove()
    assert list(unfinished.iterdir()) == []


def test_out_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CRRError, match="file is a file"):
        opened(tmp_path / "file")


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CRRError, match="cannot be written to"):
        opened(tmp_path / "file" / "run")


def full(state, _file, save=torch.save):
    """`torch.save` to a full disk, which raises a RuntimeError of its own."""
    disk = Path("/dev/full").open("wb")  # noqa: SIM115 - a `with` would raise again at its end
    try:
        save(state, disk)
    finally:
        with suppress(OSError):
            disk.close()


@pytest.mark.parametrize("message", ["", "CUDA error: an illegal memory access was encountered\nmore"])
def test_what_is_no_fault_of_the_disk_is_not_blamed_on_it(unfinished, monkeypatch, message):
    def fail(*_):
        raise RuntimeError(message)

    monkeypatch.setattr("crr.training.snapshots.torch.save", fail)
    with pytest.raises(RuntimeError) as error:
        reopened(unfinished).save(REPAIR, 4, tiny_detector())
    assert str(error.value) == message


@full_disk
def test_a_full_disk_keeps_the_last_state(unfinished, monkeypatch):
    before = (unfinished / "snapshot" / "state.pt").read_bytes()
    monkeypatch.setattr("crr.training.snapshots.torch.save", full)
    snapshots = reopened(unfinished)
    sentence = r"state\.pt cannot be written \(No space left on device\)\. Make room on the disk\.$"
    with pytest.raises(WriteError, match=sentence):
        snapshots.save(REPAIR, 4, tiny_detector())
    assert snapshots.next_step == ("resume the run", "resume")
    assert (unfinished / "snapshot" / "state.pt").read_bytes() == before
    assert len(list((unfinished / "snapshot").iterdir())) == 1


@full_disk
def test_a_run_without_a_single_snapshot_is_simply_started_again(tmp_path, monkeypatch):
    snapshots = opened(tmp_path / "run")
    monkeypatch.setattr("crr.training.snapshots.torch.save", full)
    with pytest.raises(WriteError):
        snapshots.save(REPAIR, 1, tiny_detector())
    monkeypatch.undo()
    assert snapshots.next_step == ("start it again", None)
    (tmp_path / "run" / "snapshot" / ".state.pt.k3x_9a1b").touch()  # where it was killed while it wrote
    opened(tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("name", ["snapshot/mine.txt", "snapshot"])
def test_what_only_looks_like_a_snapshot_is_not_written_into(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    with pytest.raises(TrainingError, match="already holds files"):
        opened(tmp_path)


def test_the_fingerprint_sees_settings_and_images_but_not_places(tmp_path):
    def images(folder, content=b"1234", name="a.png"):
        return {"bolt": {folder / name: hashlib.sha256(content).hexdigest()}}

    config = tiny_config()
    first = fingerprint(config, images(tmp_path / "here"))
    assert first == fingerprint(config, images(tmp_path / "there"))
    assert first != fingerprint(config, images(tmp_path / "replaced", content=b"4321"))
    assert first != fingerprint(config, images(tmp_path / "renamed", name="b.png"))
    assert first != fingerprint(DetectorConfig(), images(tmp_path / "other"))
    assert first != fingerprint(
        replace(config, training=replace(config.training, seed=1)), images(tmp_path / "seed")
    )


def test_the_timer_is_due_once_an_interval(monkeypatch):
    now = [50.0]
    monkeypatch.setattr("crr.training.snapshots.time.monotonic", lambda: now[0])
    due = timer(10)
    answers = []
    for now[0] in (55, 60, 61, 69, 70, 90, 95):
        answers.append(due())
    assert answers == [False, True, False, False, True, True, False]
