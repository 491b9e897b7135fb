import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from crr.checkpoints.card_metadata import metadata_of
from crr.checkpoints.content import CARD
from crr.checkpoints.serialization import save
from crr.cli.main import app
from crr.data.images import decode
from crr.runtime.version import version
from crr.training.optim import set_learning_rate
from crr.training.snapshots import is_unfinished
from tests.crr.tiny import calibrated_detector, good_image, good_images, scratched, write_dataset

ENCODER = ["--encoder", "test_efficientnet", "--weights", "random", "--layers", "1,2,3", "--size", "64"]
TINY = [*ENCODER, "--batch-size", "2", "--device", "cpu", "--workers", "0"]
LONG = ["--iterations", "40"]  # and 14 of stage 2
RESULTS = ("config.json", "model.safetensors")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A checkpoint named "tiny", which no test may change."""
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    save(calibrated_detector(), folder, "# Tiny\n")
    return folder


@pytest.fixture(autouse=True)
def _checkpoints(model, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(model.parent))


def crr(*arguments, code=0):
    """Run a command in this process; returns what it said."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def instead(given, options):
    """Arguments of a command: options, which take the place of those given."""
    kept = {name: value for name, value in given.items() if name not in options}
    return [*chain.from_iterable(kept.items()), *options]


def refused(*arguments):
    """Run a command that must end with one sentence or two, after what it said of the data; exit code 2."""
    result = crr(*arguments, code=2)
    assert result.stdout == ""
    *_, last = result.stderr.splitlines()
    assert last.startswith("Error: ")
    assert result.stderr.count("Error: ") == 1
    assert "Traceback" not in result.stderr
    return last.removeprefix("Error: ").strip()


def train(data, out, *arguments, code=0):
    return crr("train", "--data", data, "--out", out, *TINY, "--progress", "none", *arguments, code=code)


def same(first, second):
    return all((first / name).read_bytes() == (second / name).read_bytes() for name in RESULTS)


# Training


@pytest.fixture(scope="module")
def uninterrupted(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "uninterrupted"
    train(data, out, *LONG)
    return out


class Process:
    """`python -m crr train` in a process of its own, with a snapshot after every step."""

    def __init__(self, data, out):
        command = ["-m", "crr", "train", "--data", data, "--out", out, *TINY, *LONG]
        options = ["--workers", "1", "--snapshot-seconds", "0", "--progress", "json"]
        self.process = subprocess.Popen(
            [sys.executable, *map(str, command), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
            process_group=0,
        )

    def read_to(self, stage):
        """Wait until the stage is reported."""
        for line in self.process.stdout:
            if json.loads(line).get("stage") == stage:
                return
        pytest.fail(self.process.stderr.read())

    def wait_for_snapshots(self, state):
        """Wait until two more snapshots were written."""
        for _ in range(2):
            before = state.stat().st_mtime_ns
            wait_for(lambda before=before: state.stat().st_mtime_ns != before, self)

    def kill(self):
        """End it and its workers at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == -signal.SIGKILL, errors


def wait_for(condition, run):
    end = time.monotonic() + 60
    while not condition():
        assert run.process.poll() is None, run.process.stderr.read()
        assert time.monotonic() < end, "nothing happened for a minute"
        time.sleep(0.005)


def test_a_killed_run_goes_on_to_the_same_bits(data, uninterrupted, tmp_path):
    # In its last stage; tests/crr/training/test_trainer.py kills it in each, in this process.
    out, state = tmp_path / "run", tmp_path / "run" / "snapshot" / "state.pt"
    run = Process(data, out)
    run.read_to("statistics")
    run.wait_for_snapshots(state)
    run.kill()
    assert not (out / "config.json").exists()

    train(data, out, *LONG, "--resume")
    assert same(out, uninterrupted)
    assert not is_unfinished(out)


def interrupted(monkeypatch, times):
    """Ctrl-C, so many times, before the third step of stage 1."""
    steps = iter(range(100))

    def step(*arguments):
        if next(steps) == 2:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        set_learning_rate(*arguments)

    monkeypatch.setattr("crr.training.trainer.set_learning_rate", step)


def test_ctrl_c_leaves_a_usable_checkpoint_and_says_how_to_go_on(data, uninterrupted, tmp_path, monkeypatch):
    interrupted(monkeypatch, times=1)
    said = train(data, tmp_path / "run", *LONG, code=130)
    assert "Stopping: calibrating what was learnt so far" in said.stderr
    assert "go on with --resume" in said.stdout
    assert json.loads((tmp_path / "run" / "config.json").read_text())["trained"]["repair"] == 3
    crr("predict", data / "ring" / "train", "--model", tmp_path / "run", "--progress", "none")
    monkeypatch.undo()
    train(data, tmp_path / "run", *LONG, "--resume")
    assert same(tmp_path / "run", uninterrupted)


def test_ctrl_c_twice_leaves_at_once(data, tmp_path, monkeypatch):
    interrupted(monkeypatch, times=2)
    train(data, tmp_path / "run", code=130)
    assert not (tmp_path / "run" / "config.json").exists()


def test_progress_lines_are_json_and_nothing_else(data, tmp_path):
    said = crr("train", "--data", data, "--out", tmp_path, *TINY, "--iterations", "2", "--progress", "json")
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    (found,) = (line for line in lines if "data" in line)
    assert found["data"]["categories"]["plate"]["train"] == 6
    lines.remove(found)
    assert said.stderr == ""
    keys = ["stage", "step", "total", "losses", "images_per_second", "seconds_left"]
    assert all(list(line) == keys for line in lines)
    stages = ["check", "repair", "categories", "statistics", "segmentation", "calibration"]
    assert list(dict.fromkeys(line["stage"] for line in lines)) == stages
    assert all((line["losses"] != {}) == (line["stage"] in ("repair", "segmentation")) for line in lines)


def test_the_bar_is_on_stderr_and_the_next_command_on_stdout(data, tmp_path):
    said = crr("train", "--data", data, "--out", tmp_path / "run", *TINY, "--iterations", "2")
    assert said.stdout == (
        f"Done: {tmp_path}/run\n"
        "Some of the good photos were put into its folder normals/, to compare patches with.\n"
        f"Try it: crr predict --model {tmp_path}/run IMAGE --out results\n"
        f"Or in the workbench, from the repository's folder: CRR_CHECKPOINTS={tmp_path} make run\n"
    )
    assert all(stage in said.stderr for stage in ("repair", "statistics", "segmentation", "calibration"))


def test_a_tilde_is_the_home_folder_wherever_it_stands(data, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "data").symlink_to(data)
    crr("train", "--data=~/data", "--out=~/run", *TINY, "--iterations", "1", "--progress", "none")
    assert (tmp_path / "run" / "config.json").is_file()
    said = crr(
        "predict", "~/data/ring/train", "--model=~/run", "--json=~/new/result.json", "--progress", "none"
    )
    assert len(said.stdout.splitlines()) == 6
    assert len(json.loads((tmp_path / "new" / "result.json").read_text())["images"]) == 6


def test_options_reach_the_checkpoint(data, tmp_path):
    train(
        data, tmp_path, "--category", "ring", "--iterations", "3", "--segmentation", "none",
        "--distance", "cosine", "--seed", "7", "--batch-size", "1",
    )  # fmt: skip
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["categories"] == ["ring"]
    assert config["encoder"]["name"] == "test_efficientnet"
    assert (config["encoder"]["layers"], config["encoder"]["resize"]) == ([1, 2, 3], 64)
    assert config["trained"] == {"repair": 3, "segmentation": 0}
    assert config["segmentation"]["design"] == "none"
    assert config["prediction"]["distance"] == "cosine"
    assert (config["training"]["seed"], config["training"]["repair"]["batch_size"]) == (7, 1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--data", "missing"], "There is no folder"),
        (["--category", "bolt"], "has no category bolt: choose from plate, ring"),
        (["--preset", "huge"], "There is no preset 'huge'"),
        (["--encoder", "no_such_model"], "timm has no model named 'no_such_model'"),
        (["--layers", "1,9"], "test_efficientnet offers layers 0 to 4; asked for 9"),
        (["--layers", "a"], "Layers are numbers with commas between"),
        (["--size", "0"], "Setting encoder.resize is not usable"),
        (["--size", "68"], "is no multiple of the coarsest grid"),
        (["--weights", "mine"], "Setting encoder.weights is not usable"),
        (["--device", "cuda:99"], "There is no device 'cuda:99'"),
        (["--textures", "missing"], "missing is no folder with images to take textures from"),
        (["--resume"], "no unfinished run to resume"),
        (["--resume", "--overwrite"], "give one of them"),
        (["--out", "file"], "file is a file, but results go into a folder"),
        (["--out", "file/run"], "cannot be written to"),
    ],
)
def test_a_wrong_option_of_train_is_a_sentence(data, tmp_path, monkeypatch, options, sentence):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    assert sentence in refused("train", *TINY, *instead({"--data": data, "--out": "run"}, options))


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_missing_option_is_named(command):
    said = crr(command, code=2)
    assert "Missing option" in said.stderr
    assert "Traceback" not in said.stderr


def test_an_unknown_encoder_is_named_before_its_layers_are_asked_for(data, tmp_path):
    said = refused("train", "--data", data, "--out", tmp_path / "run", "--encoder", "nonsense")
    assert "timm has no model named 'nonsense'" in said


def test_one_good_image_is_not_enough(tmp_path):
    data = write_dataset(tmp_path / "data", categories=1, images=1)
    assert "plate has 1 good image: at least 2 are needed" in refused(
        "train", "--data", data, "--out", tmp_path / "run", *TINY
    )


def test_a_used_folder_is_kept(data, uninterrupted, tmp_path):
    assert "already holds files" in refused("train", "--data", data, "--out", uninterrupted, *TINY)
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "snapshot" / "state.pt").write_bytes(b"no snapshot")
    options = ["train", "--data", data, "--out", tmp_path, *TINY]
    said = refused(*options)
    assert "holds an unfinished run: resume it" in said
    assert said.endswith("Go on with --resume, or start anew with --overwrite.")
    said = refused(*options, "--resume")
    assert "state.pt is damaged" in said
    assert said.endswith("With --overwrite files of an earlier run are replaced.")


# Evaluation


def test_evaluate_prints_a_table_and_writes_the_promised_json(data, model, tmp_path):
    said = crr("evaluate", "--model", "tiny", "--data", data, "--json", tmp_path / "new" / "result.json")
    assert all(word in said.stdout for word in ("tiny", "plate", "ring", "mean", "I-AUROC", "AUPRO"))
    result = json.loads((tmp_path / "new" / "result.json").read_text())
    metrics = [
        "images", "image_auroc", "image_ap", "image_f1max", "pixel_auroc", "pixel_ap", "pixel_f1max", "aupro",
    ]  # fmt: skip
    assert list(result) == ["crr", "model", "categories", "mean", "score_ratios", "data"]
    assert result["model"] == "tiny"
    assert list(result["categories"]) == ["plate", "ring"]
    for figures in (*result["categories"].values(), result["mean"]):
        assert list(figures) == metrics
        assert all(0 <= figures[metric] <= 1 for metric in metrics[1:])
    assert result["mean"]["images"] == 8
    assert (model / CARD).read_text() == "# Tiny\n"


def test_evaluate_without_masks_gives_null(model, tmp_path):
    data = write_dataset(tmp_path / "data", categories=1, images=2, masks=False)
    said = crr("evaluate", "--model", model, "--data", data, "--json", "-", "--progress", "none")
    figures = json.loads(said.stdout)["categories"]["plate"]
    assert figures["image_auroc"] is not None
    assert [figures[name] for name in ("pixel_auroc", "pixel_ap", "pixel_f1max", "aupro")] == 4 * [None]


def test_evaluate_writes_the_card_with_a_command_to_run_again(data, tmp_path):
    folder = tmp_path / "my model"
    save(calibrated_detector(), folder, "# Tiny\n")
    (tmp_path / "parts").symlink_to(data)
    options = ["evaluate", "--model", folder, "--data", tmp_path / "parts", "--category", "ring", "--card"]
    crr(*options, "--progress", "none")
    card = (folder / CARD).read_text()
    assert "\n# Tiny\n" in card
    assert metadata_of(card)["model-index"][0]["name"] == "my model"
    assert f"`crr evaluate --model 'my model' --data {data.name} --category ring`" in card
    assert str(tmp_path) not in card
    assert "| ring | 4 |" in card
    crr(*options, "--progress", "none")
    assert (folder / CARD).read_text() == card
    (folder / CARD).unlink()
    crr(*options, "--progress", "none")
    assert "| ring | 4 |" in (folder / CARD).read_text()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--model", "crr-unheard-of"], "There is no checkpoint 'crr-unheard-of'"),
        (["--model", "weights.pth"], "is a pickle"),
        (["--data", "missing"], "There is no folder"),
        (["--device", "tpu"], "There is no device 'tpu'"),
        (["--json", "folder"], "folder is a folder: give the name of a file"),
        (["--json", "/dev/null"], "/dev/null is a device"),
        (["--json", "file/result.json"], "file is a file, but results go into a folder"),
        (["--json", "-", "--progress", "json"], "both write to stdout"),
    ],
)
def test_a_wrong_option_of_evaluate_is_a_sentence(data, tmp_path, monkeypatch, options, sentence):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("folder").mkdir()
    assert sentence in refused("evaluate", *instead({"--model": "tiny", "--data": data}, options))


# Identity mapping and comparison


def write_pairs(root):
    """Two real defects with clean twins."""
    random = np.random.default_rng(0)
    for number in range(2):
        clean = good_image("plate", random)
        damaged, mask = scratched(clean, random)
        for part, picture in (("clean", clean[..., ::-1]), ("defective", damaged[..., ::-1]), ("mask", mask)):
            (root / part).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / part / f"{number}.png"), picture)
    return root


def test_identity_prints_a_table_and_writes_the_promised_json(data, tmp_path):
    folder, pairs, file = tmp_path / "mine", write_pairs(tmp_path / "pairs"), tmp_path / "identity.json"
    save(calibrated_detector(), folder, "# Tiny\n")
    said = crr(
        "identity", "--model", folder, "--data", data, "--pairs", pairs, "--json", file, "--card"
    ).stdout
    assert all(
        word in said for word in ("mine", "seen", "held out", "pairs", "normal error", "texture", "warp")
    )
    result = json.loads(file.read_text())
    assert list(result) == [
        "crr", "model", "index", "interval", "normal_error", "layers", "categories", "kinds", "data",
    ]  # fmt: skip
    assert list(result["index"]) == list(result["interval"]) == ["seen", "held_out", "pairs"]
    assert list(result["categories"]) == ["plate", "ring"]
    assert all(isinstance(index, float) for index in result["index"].values())
    card = (folder / CARD).read_text()
    assert f"`crr identity --model mine --data {data.name} --pairs pairs`" in card
    assert f"| {result['index']['pairs']:.3f} | {result['normal_error']:.3f} |" in card


def test_identity_without_pairs_gives_null(data):
    result = json.loads(crr("identity", "--model", "tiny", "--data", data, "--json", "-").stdout)
    assert result["index"]["pairs"] is None
    assert result["interval"]["pairs"] is None


def test_compare_prints_a_row_a_checkpoint_and_one_that_fails_costs_no_other(data, tmp_path):
    said = crr(
        "compare", "--models", "tiny, missing", "--data", data, "--json", tmp_path / "all.json", code=1
    )
    assert all(word in said.stdout for word in ("I-AUROC", "held out", "ms", "MB", "tiny", "missing"))
    assert "missing: There is no checkpoint 'missing'" in said.stderr
    tiny, missing = json.loads((tmp_path / "all.json").read_text())["models"]
    assert list(tiny) == ["model", "method", "detection", "identity", "milliseconds", "parameters", "bytes"]
    assert list(missing) == ["model", "error"]


def test_compare_tells_checkpoints_of_one_name_apart(data, model, tmp_path, monkeypatch):
    for place in ("A", "B"):
        shutil.copytree(model, tmp_path / place / "x")
    monkeypatch.chdir(tmp_path)
    said = crr("compare", "--models", "A/x,B/x", "--data", data, "--json", "all.json", "--device", "cpu")
    assert all(word in said.stdout for word in ("A/x", "B/x"))
    assert [row["model"] for row in json.loads(Path("all.json").read_text())["models"]] == ["A/x", "B/x"]
    assert "x is named twice" in refused("compare", "--models", "A/x,./A/x", "--data", data)


def test_what_cannot_be_compared_is_a_sentence(data, tmp_path):
    assert "Name the checkpoints" in refused("compare", "--models", " , ", "--data", data)
    assert "nowhere" in refused(
        "identity", "--model", "tiny", "--data", data, "--pairs", tmp_path / "nowhere"
    )


# Prediction


def test_predict_writes_pictures_and_the_promised_json(tmp_path):
    name = "[bold]Schräubchen[bold] ø.png"
    (image,) = good_images("ring", 1)
    cv2.imwrite(str(tmp_path / name), image[..., ::-1])
    (tmp_path / "broken.png").touch()
    options = ["--model", "tiny", "--out", tmp_path / "out", "--json", tmp_path / "result.json"]
    said = crr("predict", tmp_path / name, tmp_path / "broken.png", tmp_path / "gone.png", *options, code=1)
    first, *others = said.stdout.splitlines()
    assert first.endswith(f"  ring  {tmp_path / name}")
    broken, gone = others
    assert broken.startswith(f"error         {tmp_path}/broken.png is empty")
    assert gone.startswith(f"error         {tmp_path}/gone.png")
    result = json.loads((tmp_path / "result.json").read_text())
    assert list(result) == ["crr", "model", "images", "counts", "data"]
    assert result["model"] == "tiny"
    assert result["counts"] == {result["images"][0]["verdict"]: 1, "error": 2}
    good, *bad = result["images"]
    assert list(good) == [
        "path", "page", "score", "percentile", "verdict", "category", "known", "heatmap", "mask",
    ]  # fmt: skip
    assert [list(row) for row in bad] == 2 * [["path", "page", "error"]]
    assert good["path"] == str(tmp_path / name)
    assert (good["category"], good["known"]) == ("ring", True)
    assert good["verdict"] in ("normal", "defective")
    assert 0 <= good["percentile"] <= 100
    for kind in ("heatmap", "mask"):
        assert decode(Path(good[kind])).shape == image.shape


def test_predict_to_stdout_is_json_alone(data):
    said = crr("predict", data / "ring" / "train", "--model", "tiny", "--json", "-", "--progress", "none")
    rows = json.loads(said.stdout)["images"]
    assert len(rows) == 6
    assert {(row["heatmap"], row["mask"]) for row in rows} == {(None, None)}
    assert said.stderr.splitlines() == [
        "6 images. PNG, 8 bits, RGB, 72 x 48 pixels.", "6 inspected: 6 defective"
    ]  # fmt: skip


def test_predict_reports_progress_as_json(data, tmp_path):
    options = ["--model", "tiny", "--json", tmp_path / "result.json", "--progress", "json"]
    said = crr("predict", data / "ring" / "train", *options)
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert (lines[-1]["stage"], lines[-1]["step"], lines[-1]["total"]) == ("predict", 6, 6)


def test_a_program_that_reads_the_progress_gets_the_result_with_it(data, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no image")
    (tmp_path / "good.png").write_bytes((data / "ring/train/good/000.png").read_bytes())
    ran = crr("predict", tmp_path, "--model", "tiny", "--progress", "json", code=1)
    assert ran.stderr == ""
    result = json.loads(ran.stdout.splitlines()[-1])["result"]
    assert "bad.png is" in result["images"][0]["error"]
    assert result["counts"]["error"] == 1
    assert next(iter(result)) == "crr"


def test_predict_finds_no_images(tmp_path):
    assert f"No images found in {tmp_path}" in refused("predict", tmp_path, "--model", "tiny")


def test_predict_names_a_model_that_is_not_there(data):
    assert "There is no checkpoint 'crr-embedded'" in refused("predict", data)


# The other commands


def test_models_lists_what_can_be_named(model):
    said = crr("models").stdout
    assert all(word in said for word in ("tiny", "crr", "test_efficientnet", "plate", "ring"))
    (row,) = json.loads(crr("models", "--json", "-").stdout)["models"]
    assert (row["name"], row["path"], row["categories"]) == ("tiny", str(model), ["plate", "ring"])
    assert row["bytes"] == sum(file.stat().st_size for file in model.iterdir())


def test_models_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    assert f"There are no checkpoints in {tmp_path}" in crr("models").stdout


def test_anomalies_draws_a_sheet(data, tmp_path):
    sheet = tmp_path / "[sheet].png"
    said = crr("anomalies", "--data", data, "--out", sheet, "--count", "2", "--size", "64")
    assert said.stdout == f"Wrote {sheet}\n"
    assert decode(sheet).shape == (2 * (64 + 22 + 6) + 6, 2 * (64 + 6) + 6, 3)


def test_anomalies_needs_a_data_set(tmp_path):
    assert "There is no folder" in refused("anomalies", "--data", tmp_path / "x", "--out", tmp_path / "s.png")


@pytest.mark.parametrize("option", ["--data", "--model"])
def test_what_is_worked_on_is_named_once(data, tiny_model, option):
    said = crr("evaluate", "--data", data, "--model", tiny_model, option, "other", code=2).output
    assert f"{option} is given 2 times, and one is read: give it once" in " ".join(said.split())


def test_help_comes_however_often_an_option_is_given():
    assert "Usage" in crr("evaluate", "--data", "a", "--data", "b", "--help").output


def test_of_other_options_the_last_one_counts_and_that_is_said(data, tiny_model):
    said = crr("evaluate", "--data", data, "--model", tiny_model, "--device", "cuda:7", "--device", "cpu")
    assert "--device is given 2 times: the last one counts.\n" in said.stderr


def test_a_sheet_is_no_photo(data, tmp_path):
    parts = shutil.copytree(data, tmp_path / "data")
    good = parts / "plate/train/good"
    said = refused("anomalies", "--data", parts, "--out", good / "sheet.png", "--count", "1")
    assert said == f"{good}/sheet.png lies among the photos, and would be taken for one: give another --out."
    crr("anomalies", "--data", parts, "--out", tmp_path / "sheet.png", "--count", "1", "--size", "64")
    (tmp_path / "sheet.png").rename(good / "sheet.png")
    assert "sheet.png is a sheet of synthetic damage that crr anomalies wrote" in refused(
        "train", "--data", parts, "--out", tmp_path / "model", "--iterations", "1"
    )


def test_a_sheet_is_a_file(data, tmp_path):
    said = refused("anomalies", "--data", data, "--out", tmp_path, "--count", "1")
    assert said == f"{tmp_path} is a folder: give the name of a file."


@pytest.mark.parametrize("options", [["--out", "results"], ["--json", "results/result.json"]])
def test_predict_on_a_full_disk_names_the_file(data, tmp_path, monkeypatch, options):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr(Path, "write_text", full)
    said = crr("predict", data / "ring" / "test", "--model", "tiny", "--progress", "none", *options, code=2)
    assert re.fullmatch(
        r"Error: results/(result\.json|good/000_heatmap\.png) cannot be written "
        r"\(No space left on device\)\. "
        r"Make room on the disk\.",
        said.stderr.splitlines()[-1],
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("options", [[], ["--json", "-"]])
def test_an_output_on_a_full_disk_is_a_sentence(options):
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "crr", "models", *options]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    sentence = "No space left on device. Make room where the output goes, in /dev/shm or for temporary files."
    assert (result.returncode, result.stderr) == (2, f"Error: {sentence}\n")


def test_an_error_of_the_disk_is_a_sentence(data, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "sheet.png")

    monkeypatch.setattr("crr.visualization.contact_sheet.write_atomically", full)
    said = refused("anomalies", "--data", data, "--out", tmp_path / "sheet.png", "--count", "1")
    assert said == "sheet.png: No space left on device."


def test_version():
    assert crr("--version").stdout == f"crr {version()}\n"


@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "models", "anomalies"])
def test_help_explains_every_option(command):
    said = crr(command, "--help").stdout
    assert "…" not in said
    assert "--help" in said


def test_without_a_command_there_is_help():
    said = CliRunner().invoke(app, [])
    assert "Usage" in said.output
    assert "Traceback" not in said.output


def test_layers_says_which_layer_tells_defects_best(data, model, tmp_path):
    result = crr("layers", "--model", model, "--data", data, "--json", tmp_path / "layers.json")
    found = json.loads((tmp_path / "layers.json").read_text())
    assert set(found["best"]) == {"plate", "ring"}
    assert all(found["best"][name] in found["categories"][name] for name in found["best"])
    assert result.stdout.count(" best") == 2
    assert "all together" in result.stdout


def test_normals_are_put_beside_a_checkpoint(data, tmp_path):
    save(calibrated_detector(), tmp_path / "mine", "# Mine")
    crr("normals", "--model", tmp_path / "mine", "--data", data, "--category", "plate", "--count", "1")
    assert [path.name for path in (tmp_path / "mine" / "normals").iterdir()] == ["plate"]
    assert [path.name for path in (tmp_path / "mine" / "normals" / "plate").iterdir()] == ["000.jpg"]


def test_normals_of_a_category_that_the_model_does_not_know_are_refused(model, tmp_path):
    others = write_dataset(tmp_path / "others", categories=3)
    assert "does not know the category bar" in refused("normals", "--model", model, "--data", others)


def test_an_inversion_network_is_trained_measured_and_described(data, model, tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    out = tmp_path / "painter"
    tiny = ["--iterations", "3", "--batch-size", "1", "--device", "cpu", "--workers", "0"]
    assert "Done" in crr("train-inversion", "--model", model, "--data", data, "--out", out, *tiny).stdout
    assert "Trained for 3 iterations" in (out / CARD).read_text()
    assert "--overwrite" in refused("train-inversion", "--model", model, "--data", data, "--out", out, *tiny)
    report = tmp_path / "figures.json"
    options = ["--inversion", "painter", "--models", model, "--data", data, "--device", "cpu"]
    result = crr("evaluate-inversion", *options, "--json", report, "--card")
    assert "PSNR" in result.stdout
    assert set(json.loads(report.read_text())["mean"]["repaired"]) == {"tiny"}
    assert "crr evaluate-inversion --inversion painter" in (out / CARD).read_text()
    copy = tmp_path / "B" / model.name
    shutil.copytree(model, copy)
    options[3] = f"{model},{copy}"
    crr("evaluate-inversion", *options, "--json", report)
    names = set(json.loads(report.read_text())["mean"]["repaired"])
    assert names == {f"{model.parent.name}/tiny", "B/tiny"}
    options[3] = f"{copy},{copy}"
    assert "named twice" in refused("evaluate-inversion", *options)


def test_inversion_commands_say_what_is_wrong(data, model, tmp_path):
    assert "folder of its own" in refused("train-inversion", "--model", model, "--data", data, "--out", model)
    missing = refused("evaluate-inversion", "--inversion", "gone", "--models", model, "--data", data)
    assert "no inversion network 'gone'" in missing
    nobody = refused("evaluate-inversion", "--inversion", tmp_path, "--models", ",", "--data", data)
    assert "with commas between" in nobody
