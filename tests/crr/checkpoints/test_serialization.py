import hashlib
import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from crr.checkpoints.content import CARD, CONFIG, WEIGHTS
from crr.checkpoints.files import checkpoint_folder, describe, list_checkpoints
from crr.checkpoints.serialization import load, save
from crr.config import FORMAT
from crr.errors import CheckpointError, DeviceError, NewerFormatError, WriteError
from crr.models import registry
from tests.crr.tiny import calibrated_detector, good_images, tiny_detector

KINDS = {torch.float16: ("F16", 2), torch.float32: ("F32", 4)}
"""What safetensors calls a type of numbers, and how many bytes one has."""


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "parts"
    save(calibrated_detector(), folder, "# Card\n")
    return folder


@pytest.fixture
def saved(original, tmp_path, monkeypatch) -> Path:
    """A checkpoint named "parts" that a test may damage, in the folder of named checkpoints."""
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    folder = tmp_path / "parts"
    folder.mkdir()
    for file in original.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def rewrite(folder, **values):
    """Change values of the config."""
    path = folder / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_what_is_loaded_predicts_what_was_saved_bit_by_bit(saved):
    detector, loaded = calibrated_detector(), load(saved, "cpu")
    batch = detector.preprocess([*good_images("plate", 2), *good_images("ring", 2)])
    expected, given = detector.predict(detector.reconstruct(batch)), loaded.predict(loaded.reconstruct(batch))
    for field in ("anomaly_map", "segmentation", "score", "category", "category_distance"):
        assert torch.equal(getattr(given, field), getattr(expected, field)), field
    assert loaded.config.calibration == detector.config.calibration
    assert not any(module.training for module in loaded.modules())


def test_a_checkpoint_is_found_by_folder_and_by_name(saved):
    by_folder, by_name = load(saved, "cpu"), load("parts", "cpu")
    assert by_folder.name == by_name.name == "parts"
    assert by_folder.revision == by_name.revision == describe(saved).revision


def test_a_checkpoint_holds_three_files_and_no_encoder(saved):
    assert sorted(file.name for file in saved.iterdir()) == sorted([CARD, CONFIG, WEIGHTS])
    assert not any(name.startswith("encoder.") for name in load_file(saved / WEIGHTS))
    assert (saved / CARD).read_text() == "# Card\n"


def test_the_revision_names_the_content(saved):
    before = describe(saved).revision
    assert len(before) == 12
    (saved / CARD).write_text("Another card changes nothing.")
    assert describe(saved).revision == before
    rewrite(saved, trained={"repair": 1})
    assert describe(saved).revision != before


def test_the_revision_is_of_config_and_weights(saved):
    content = (saved / CONFIG).read_bytes() + (saved / WEIGHTS).read_bytes()
    assert describe(saved).revision == hashlib.sha256(content).hexdigest()[:12]


@pytest.mark.parametrize("marked", [True, False], ids=["marked pair", "older checkpoint"])
def test_a_save_while_it_loads_mixes_no_two_checkpoints(saved, monkeypatch, marked):
    if not marked:
        rewrite(saved, weights_digest="")
    before = describe(saved).revision
    create, other = registry.create, calibrated_detector()
    other.scale.mul_(2)

    def meanwhile(config, *on_paper):
        if not on_paper:
            save(other, saved, "new card")
        return create(config, *on_paper)

    monkeypatch.setattr(registry, "create", meanwhile)
    detector = load(saved, "cpu")
    assert detector.revision == before != describe(saved).revision
    assert torch.equal(detector.scale, calibrated_detector().scale)


def test_describing_tells_what_is_in_it(saved):
    info = describe(saved)
    assert (info.name, info.path, info.method, info.encoder) == ("parts", saved, "crr", "test_efficientnet")
    assert info.categories == ("plate", "ring")
    size = sum(file.stat().st_size for file in saved.iterdir())
    (saved / f".{WEIGHTS}.x1").write_bytes(b"of a save that goes on meanwhile")
    assert info.bytes == describe(saved).bytes == size


@pytest.mark.usefixtures("saved")
def test_the_list_leaves_out_what_is_damaged(original, tmp_path):
    for name, damage in {
        "no_weights": lambda folder: (folder / WEIGHTS).unlink(),
        "no_json": lambda folder: (folder / CONFIG).write_text("{"),
        "newer": lambda folder: rewrite(folder, format=FORMAT + 1),
        "half": lambda folder: (folder / WEIGHTS).write_bytes((original / WEIGHTS).read_bytes()[:-100]),
    }.items():
        save(tiny_detector(), tmp_path / name, "card")
        damage(tmp_path / name)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").touch()
    save(tiny_detector(), tmp_path / "another", "card")
    assert [info.name for info in list_checkpoints()] == ["another", "parts"]
    assert list_checkpoints(tmp_path / "nowhere") == []


def test_the_list_leaves_out_what_vanishes_meanwhile(saved, monkeypatch):
    read = Path.open

    def vanish(path, *mode):
        if path.name == WEIGHTS:
            shutil.rmtree(path.parent)
        return read(path, *mode)

    assert list_checkpoints(saved.parent)
    monkeypatch.setattr(Path, "open", vanish)
    assert list_checkpoints(saved.parent) == []


def test_named_checkpoints_live_beside_the_package_unless_told_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("CRR_CHECKPOINTS", raising=False)
    assert checkpoint_folder().name == "checkpoints"
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    assert checkpoint_folder() == tmp_path


@pytest.mark.usefixtures("saved")
def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(CheckpointError, match=r"no checkpoint 'bolts'.*Known: parts"):
        load("bolts")


@pytest.mark.usefixtures("saved")
def test_results_that_are_called_as_a_model_hide_it_not(tmp_path, monkeypatch):
    (tmp_path / "here" / "parts").mkdir(parents=True)
    (tmp_path / "here" / "parts" / "000_mask.png").touch()
    monkeypatch.chdir(tmp_path / "here")
    assert load("parts", "cpu").name == "parts"
    with pytest.raises(CheckpointError, match=r"config\.json is missing"):
        load("./parts/../parts")


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "model.ckpt", "pytorch_model.bin", "model.pkl"])
def test_a_pickle_is_refused_unopened(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(pickle.dumps({"weights": [1, 2, 3]}))
    with pytest.raises(CheckpointError, match=f"{name} is a pickle.*refused"):
        load(path)


def test_pickles_do_not_stand_in_for_missing_weights(saved):
    (saved / WEIGHTS).unlink()
    torch.save({}, saved / "model.pth")
    with pytest.raises(CheckpointError, match=rf"{WEIGHTS} is missing. Pickles \(model.pth\) are refused"):
        load(saved)


def test_a_single_file_is_no_checkpoint(saved):
    with pytest.raises(CheckpointError, match=f"{WEIGHTS} is a file; a checkpoint is a folder"):
        load(saved / WEIGHTS)


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        (CONFIG, None, "is missing, so .* is not a CRR checkpoint"),
        (CONFIG, b"", "damaged or not JSON"),
        (CONFIG, b"not JSON", "damaged or not JSON"),
        (CONFIG, b"\xff\xfe\x00", "damaged or not JSON"),
        (CONFIG, b"[1, 2]", "holds no JSON object"),
        (CONFIG, b'{"architectures": ["ViT"], "hidden_size": 768}', "names no format version"),
        (CONFIG, b'{"format": 1, "method": "magic"}', "no method 'magic'"),
        (CONFIG, b'{"format": 1, "masking": {"rate": 7}}', "masking.rate"),
        (WEIGHTS, None, "is missing. Copy the checkpoint again"),
        (WEIGHTS, b"", "truncated or no safetensors"),
        (
            WEIGHTS,
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n",
            "a pointer of Git LFS",
        ),
        (WEIGHTS, b"PK\x03\x04 a zip file that pretends", "truncated or no safetensors"),
    ],
)
def test_a_damaged_file_is_named_in_a_sentence(saved, file, content, sentence):
    path = saved / file
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=f"{file} .*{sentence}") as error:
        load(saved)
    assert "\n" not in str(error.value)


def test_numbers_that_torch_does_not_have_are_named(saved):
    rewrite(saved, weights_digest="")
    header, values = {}, b""
    for name, tensor in load_file(saved / WEIGHTS).items():
        kind, size = ("F6_E2M3", 0.75) if name == "scale" else KINDS[tensor.dtype]
        begin, values = len(values), values + bytes(int(size * tensor.numel()))
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [begin, len(values)]}
    text = json.dumps(header).encode()
    (saved / WEIGHTS).write_bytes(len(text).to_bytes(8, "little") + text + values)
    with pytest.raises(CheckpointError, match=r"no safetensors file .*F6_E2M3"):
        load(saved)


@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_truncated_weights_are_named(saved, share):
    content = (saved / WEIGHTS).read_bytes()
    (saved / WEIGHTS).write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError, match=f"{WEIGHTS} is truncated or no safetensors file"):
        load(saved)


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors.update(scale=torch.ones(3)),
        lambda tensors: tensors.pop("scale"),
        lambda tensors: tensors.update(other=torch.ones(3)),
    ],
    ids=["shape", "missing", "foreign"],
)
def test_weights_of_another_detector_are_refused(saved, change):
    tensors = load_file(saved / WEIGHTS)
    change(tensors)
    save_file(tensors, saved / WEIGHTS)
    rewrite(saved, weights_digest="")
    with pytest.raises(
        CheckpointError, match=f"{WEIGHTS} does not fit its config.json: tensor (scale|other) differs"
    ):
        load(saved)


@pytest.mark.parametrize("value", [float("nan"), 1])
def test_weights_that_are_no_numbers_are_refused(saved, value):
    tensors = load_file(saved / WEIGHTS)
    name = next(name for name, tensor in tensors.items() if tensor.is_floating_point())
    broken = torch.full_like(tensors[name], value, dtype=torch.int8 if value == 1 else None)
    save_file(tensors | {name: broken}, saved / WEIGHTS)
    rewrite(saved, weights_digest="")
    with pytest.raises(CheckpointError, match=f"{WEIGHTS}.*{name}"):
        load(saved, "cpu")


def test_a_network_too_large_for_any_machine_is_a_sentence(saved):
    config = json.loads((saved / CONFIG).read_text())
    rewrite(saved, decoder=config["decoder"] | {"width": 10**9})
    with pytest.raises(CheckpointError, match=r"decoder\.width is not usable"):
        load(saved, "cpu")


def test_a_network_without_memory_for_it_is_a_sentence(saved, monkeypatch):
    create = registry.create

    def fail(config, *on_paper):
        if on_paper:
            return create(config, *on_paper)
        raise MemoryError

    monkeypatch.setattr(registry, "create", fail)
    with pytest.raises(CheckpointError, match="not enough memory now"):
        load(saved, "cpu")


def test_a_config_nested_without_end_hides_no_other_checkpoint(saved):
    (saved / CONFIG).write_text("[" * 100_000)
    assert list_checkpoints(saved.parent) == []


def test_a_newer_format_says_so_and_names_the_file(saved):
    rewrite(saved, format=FORMAT + 1, invention=True)
    with pytest.raises(NewerFormatError, match=f"{CONFIG}.*format {FORMAT + 1}"):
        load(saved)


def test_another_encoder_than_the_one_it_was_trained_with_is_refused(saved):
    rewrite(saved, encoder_digest="0" * 12)
    with pytest.raises(
        CheckpointError, match=r"trained with other weights of test_efficientnet.*000000000000, not"
    ):
        load(saved)


def test_an_unknown_device_is_a_sentence(saved):
    with pytest.raises(DeviceError, match="no device 'abacus'"):
        load(saved, "abacus")


def test_a_save_that_fails_leaves_the_old_checkpoint_whole(saved, monkeypatch):
    write = Path.write_bytes

    def fail(path, content):
        write(path, content[:100])
        raise OSError(28, "No space left on device")

    before = {file.name: file.read_bytes() for file in saved.iterdir()}
    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(WriteError, match=f"{WEIGHTS} cannot be written .*No space"):
        save(tiny_detector(seed=1), saved, "new card")
    assert {file.name: file.read_bytes() for file in saved.iterdir()} == before


def test_a_save_killed_between_weights_and_config_leaves_no_pair_that_loads(saved, monkeypatch):
    class Killed(BaseException):
        """Nothing catches it."""

    def die(*_):
        raise Killed

    other = calibrated_detector()
    other.scale.mul_(2)
    monkeypatch.setattr("crr.checkpoints.serialization.write_text_atomically", die)
    with pytest.raises(Killed):
        save(other, saved, "new card")
    monkeypatch.undo()
    assert list_checkpoints(saved.parent) == []
    with pytest.raises(CheckpointError, match=f"{WEIGHTS} was not saved together with its config.json"):
        load(saved, "cpu")


def test_a_checkpoint_from_before_pairs_were_marked_still_loads(saved):
    config = json.loads((saved / CONFIG).read_text())
    del config["weights_digest"]
    (saved / CONFIG).write_text(json.dumps(config))
    assert load(saved, "cpu").revision == describe(saved).revision


def test_saving_again_replaces(saved):
    save(tiny_detector(seed=1), saved, "new card")
    assert load(saved, "cpu").config.calibration == tiny_detector().config.calibration
    assert (saved / CARD).read_text() == "new card"
