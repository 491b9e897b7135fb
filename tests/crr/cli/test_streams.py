import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from crr.checkpoints.serialization import save
from crr.cli.streams import plain
from tests.crr.tiny import calibrated_detector, good_images, write_dataset

EVALUATE = ("evaluate", "--model", "good", "--data", "data", "--device", "cpu")
NAME = "größe – \udcff 尺.png"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """A data set without masks, a checkpoint, a damaged one, and a photo with an odd name."""
    root = tmp_path_factory.mktemp("streams")
    write_dataset(root / "data", masks=False)
    for name in ("good", "größe–damaged"):
        save(calibrated_detector(), root / name, "# Größe – card\n")
    (root / "größe–damaged" / "model.safetensors").write_bytes(b"nothing")
    photo = cv2.imencode(".png", good_images("plate", 1)[0])[1].tobytes()
    (root / NAME).write_bytes(photo)
    return root


def crr(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command as a process, in `root`."""
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "CRR_CHECKPOINTS": str(root)}
    command = [sys.executable, "-m", "crr", *arguments]
    return subprocess.run(command, cwd=root, env={**variables, **environment}, capture_output=True)


def shown(ran: subprocess.CompletedProcess[bytes], encoding: str, code: int = 0) -> str:
    """Everything it said, which is in that encoding and no traceback."""
    text = ran.stdout.decode(encoding) + ran.stderr.decode(encoding)
    assert ran.returncode == code, text
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp932"])
def test_what_was_measured_is_shown_in_any_encoding(root, encoding):
    told = {"PYTHONIOENCODING": encoding}
    text = shown(
        crr(root, "evaluate", "--model", "good", "--data", "data", "--device", "cpu", **told), encoding
    )
    assert "mean" in text
    assert "1.000" in text or "0." in text
    compare = ("compare", "--models", "good,größe–damaged", "--data", "data", "--device", "cpu")
    text = shown(crr(root, *compare, **told), encoding, code=1)
    assert "is truncated" in text
    if encoding != "latin-1":
        assert "gr\\xf6\\xdfe-damaged" in " ".join(text.split())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp932"])
def test_a_figure_that_is_missing_is_a_dash_in_any_encoding(root, tmp_path, encoding):
    parts = shutil.copytree(root / "data", tmp_path / "data")
    for category in ("plate", "ring"):
        shutil.rmtree(parts / category / "test" / "good", ignore_errors=True)
    told = {"PYTHONIOENCODING": encoding}
    asked = ("evaluate", "--model", "good", "--data", str(parts), "--device", "cpu")
    text = shown(crr(root, *asked, **told), encoding, code=1)
    [row] = [cells for line in text.splitlines() if (cells := re.findall(r"[\w.-]+", line))[:1] == ["mean"]]
    assert row[2:5] == ["-", "-", "-"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp932", "utf-8", "ascii:strict"])
def test_names_of_files_are_shown_in_any_encoding_and_whole_in_json(root, encoding):
    told, signs = {"PYTHONIOENCODING": encoding}, encoding.partition(":")[0]
    text = shown(crr(root, "predict", "--model", "good", NAME, "missing–ö", **told), signs, code=1)
    assert "no image file" in text
    ran = crr(root, "predict", "--model", "good", NAME, "--json", "-", **told)
    assert shown(ran, signs, ran.returncode)
    assert ran.returncode in (0, 3)  # 3: the model, which is not trained, knows no part
    assert json.loads(ran.stdout)["images"][0]["path"] == NAME


@pytest.mark.parametrize("encoding", ["ascii", "cp932", "latin-1"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["train", "--help"], 0),
        (["compare"], 2),
        (["größe–"], 2),
        (["models"], 0),
        (["predict", "--model", "größe–damaged", "x"], 2),
        (["push", "good", "somebody/größe–x", "--preview"], 2),
        (["push", "good", "somebody/x", "--preview"], 0),
    ],
)
def test_help_and_errors_are_shown_in_any_encoding(root, encoding, arguments, code):
    assert shown(crr(root, *arguments, PYTHONIOENCODING=encoding), encoding, code)


def test_a_machine_without_a_language_is_no_error(root):
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    text = shown(
        crr(root, "evaluate", "--model", "good", "--data", "data", "--device", "cpu", **bare), "ascii"
    )
    assert "mean" in text
    assert "good" in shown(crr(root, "models", LC_ALL="C", LANG="C"), "utf-8")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_an_output_that_is_closed_is_no_error(root, closed):
    command = (
        f"{sys.executable} -m crr predict --model good --json out.json data/plate/test/good/000.png {closed}"
    )
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "CRR_CHECKPOINTS": str(root)}
    ran = subprocess.run(["sh", "-c", command], cwd=root, env=variables, capture_output=True)
    assert ran.returncode in (0, 3), ran.stderr
    assert b"Traceback" not in ran.stdout + ran.stderr
    assert len(json.loads((root / "out.json").read_text(encoding="utf-8"))["images"]) == 1


def test_a_result_for_an_output_that_is_closed_is_refused_before_the_work(root):
    command = f"{sys.executable} -m crr data data --json - >&-"
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    ran = subprocess.run(["sh", "-c", command], cwd=root, env=variables, capture_output=True, text=True)
    assert ran.returncode == 2
    assert ran.stderr == ("Error: --json - writes to stdout, which is closed: give a file name to --json.\n")


def test_a_reader_that_has_gone_ends_a_command_quietly():
    command = f"{sys.executable} -m crr --help | true"
    ran = subprocess.run(["sh", "-c", command], cwd=Path(__file__).parents[3], capture_output=True)
    assert ran.stderr == b""


def test_signs_become_plain_ones_and_all_others_escapes():
    assert (
        plain("0.1–0.2 × … − ─│ “x” größe \udcff 尺")
        == '0.1-0.2 x ... - -| "x" gr\\xf6\\xdfe \\udcff \\u5c3a'
    )


def test_an_empty_argument_is_a_sentence(root):
    ran = crr(root, "predict", NAME, "--out", "")
    assert (
        shown(ran, "utf-8", code=2)
        == "Error: An argument is empty, perhaps a variable that is not set: give its value.\n"
    )
