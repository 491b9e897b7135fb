"""What is installed is what somebody looked at: pinned, hashed, and none of what is known to do harm."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import audit, lock

ROOT = Path(__file__).parent.parent
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
TORCH_OF_ITS_OWN_INDEX = "torch-cpu"
MALICIOUS = ROOT / "tools" / "malicious.txt"


def name_of(path: Path) -> str:
    return path.stem


def requirements(path: Path) -> Iterator[Requirement]:
    """The packages of a lock, or of another list of them."""
    text = re.sub(r"\\\n\s*--hash=\S+", "", path.read_text())
    yield from (
        Requirement(line) for line in (row.split("#")[0].strip() for row in text.splitlines()) if line
    )


def pinned(path: Path) -> dict[str, str]:
    """Canonical name to version."""
    return {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in requirements(path)}


def test_there_is_a_lock_for_everything_that_is_installed():
    made = {"workbench", "torch", "development", *lock.ALONE}
    assert {path.stem for path in LOCKS} - {TORCH_OF_ITS_OWN_INDEX} == made


@pytest.mark.parametrize("path", LOCKS, ids=name_of)
def test_every_package_of_a_lock_is_pinned_and_hashed(path):
    entries = lock.entries(path.read_text())
    assert len(entries) == len(list(requirements(path))) > 0
    for entry in entries.values():
        first, *hashes = entry.split(" \\\n")
        assert "==" in first
        assert hashes
        assert all(re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}", one) for one in hashes)


def test_the_locks_hold_what_the_constraints_pin_and_nothing_else():
    constraints = pinned(ROOT / "constraints.txt")
    locked = {}
    for path in LOCKS:
        if path.stem != TORCH_OF_ITS_OWN_INDEX:
            locked |= pinned(path)
    assert locked == constraints, "make lock"


def test_the_locks_hold_what_is_required():
    for file, locks in {
        "requirements.txt": ("workbench", "torch"),
        "requirements-dev.txt": ("workbench", "torch", "development"),
    }.items():
        held = {name for one in locks for name in pinned(ROOT / "locks" / f"{one}.txt")}
        assert {canonicalize_name(one.name) for one in requirements(ROOT / file)} <= held


def test_both_builds_of_opencv_are_of_one_version():
    pins = pinned(ROOT / "constraints.txt")
    assert pins["opencv-python"] == pins["opencv-python-headless"]


UNHASHED = {
    "Makefile": ["@$(PIP) install --quiet --no-deps --no-build-isolation --editable ."],  # this repository
    "Dockerfile": [],
    "tools/opencv.sh": [],
    # How all of them are called, and PyTorch of an index that could not be asked for hashes: SECURITY.md.
    "tools/container.sh": [
        'uv pip install --python "$python" --no-cache --compile-bytecode --only-binary :all: "$@"',
        'install --torch-backend "$backend" --constraint "$here/constraints.txt" torch torchvision',
    ],
}


@pytest.mark.parametrize("name", UNHASHED)
def test_nothing_else_is_installed_without_its_hash(name):
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if not line.lstrip().startswith("#")]
    installs = [
        line for line in lines if re.search(r"(pip|PIP\)).* install ", line) or line[:10] == "install --"
    ]
    assert any("--require-hashes" in line for line in installs)
    assert [line for line in installs if "--require-hashes" not in line] == UNHASHED[name]


def test_both_stages_of_the_container_stand_on_the_image_that_can_be_given_with_its_digest():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert {line.split()[1] for line in lines if line.startswith("FROM ")} == {"${PYTHON}"}
    [image] = [line.removeprefix("ARG PYTHON=") for line in lines if line.startswith("ARG PYTHON=")]
    assert re.fullmatch(r"python:3\.11-slim(@sha256:[0-9a-f]{64})?", image)


def test_the_container_takes_pytorch_by_its_hash_where_there_is_one(tmp_path):
    """With a uv that only repeats what it was asked."""
    uv = tmp_path / "uv"
    uv.write_text('#!/bin/sh\necho "$@"\n')
    uv.chmod(0o755)
    for name in ("tools", "locks"):
        (tmp_path / name).mkdir()
    (tmp_path / "tools" / "container.sh").write_text((ROOT / "tools" / "container.sh").read_text())

    def asked(backend: str) -> tuple[list[str], str]:
        command = ["sh", str(tmp_path / "tools" / "container.sh"), "/venv/bin/python", backend]
        path = f"{tmp_path}:{os.environ['PATH']}"
        ran = subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=True)
        return ran.stdout.splitlines(), ran.stderr

    (workbench, torch, check), said = asked("cu132")
    assert all("--only-binary :all: --no-deps --require-hashes" in line for line in (workbench, torch))
    assert (Path(workbench.split()[-1]).name, Path(torch.split()[-1]).name) == ("workbench.txt", "torch.txt")
    assert check == "pip check --python /venv/bin/python"
    assert said == ""
    (_, torch, _), said = asked("cpu")
    assert "--require-hashes" not in torch
    assert "pinned by its version alone" in said
    (tmp_path / "locks" / "torch-cpu.txt").touch()
    (_, torch, _), said = asked("cpu")
    assert "--no-deps --require-hashes --torch-backend cpu" in torch
    assert torch.endswith("locks/torch-cpu.txt")
    assert said == ""


def malicious() -> set[tuple[str, str]]:
    return {(canonicalize_name(one.name), str(one.specifier)[2:]) for one in requirements(MALICIOUS)}


def test_the_list_of_malicious_versions_is_dated_and_says_why():
    text = MALICIOUS.read_text()
    assert re.search(r"as known on \d{4}-\d\d-\d\d;", text)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w-]+==[\w.]+ +# (\d{4}-\d\d-\d\d: .+|likewise.*)", line) for line in lines)
    assert {("lightning", "2.6.2"), ("lightning", "2.6.3")} <= malicious()


@pytest.mark.parametrize("path", [ROOT / "constraints.txt", *LOCKS], ids=name_of)
def test_no_malicious_version_is_pinned(path):
    assert set(pinned(path).items()) & malicious() == set()


def test_no_malicious_version_is_installed():
    installed = {(canonicalize_name(one.name), one.version) for one in metadata.distributions() if one.name}
    assert installed
    assert installed & malicious() == set()


def answer(*packages: dict) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


SOUND = {"name": "numpy", "version": "2.4.6", "vulns": []}
WEAK = {
    "name": "pillow",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["1.1"]}],
}
UNKNOWN = {"name": "torch", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("output", "errors", "sentence", "status"),
    [
        (answer(SOUND), "", "Audited: 1 packages, 0 known weaknesses.", 0),
        (answer(SOUND, WEAK), "", "1 known weaknesses.\npillow 1.0: PYSEC-1, mended in 1.1", 1),
        (answer(SOUND, UNKNOWN), "", "Not audited, as the database does not know them: torch.", 0),
        (answer(UNKNOWN, UNKNOWN), "No known vulnerabilities found", "it knows none of the 2 packages.", 0),
        ("", "requests.exceptions.ProxyError: ...Max retries", "no answer from the advisory database.", 0),
        ("", "pip_audit: error: no such file", "The audit broke: pip_audit: error: no such file", 1),
        ("", "", "The audit broke: pip-audit said nothing", 1),
    ],
)  # fmt: skip
def test_an_audit_fails_for_weaknesses_and_not_for_want_of_a_network(output, errors, sentence, status):
    said, ended = audit.judged(output, errors)
    assert sentence in said
    assert ended == status


@pytest.mark.parametrize("known_as", ["PYSEC-1", "CVE-1"])
def test_a_weakness_that_was_accepted_with_a_reason_is_none(monkeypatch, known_as):
    monkeypatch.setattr(audit, "ACCEPTED", {known_as: "no file of that kind is read"})
    assert audit.judged(answer(WEAK), "") == ("Audited: 1 packages, 0 known weaknesses.", 0)


def test_what_constraints_lack_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lock, "LOCKS", tmp_path)
    monkeypatch.setattr(lock, "CONSTRAINTS", tmp_path / "constraints.txt")
    (tmp_path / "constraints.txt").write_text("# pins\nTorch==1.0\n")
    entry = {
        "torch": "torch==1.0 \\\n    --hash=sha256:ab",
        "new_one": "new-one==2 ; a == 'b' \\\n    --hash=sha256:ab",
    }
    monkeypatch.setattr(lock, "resolve", lambda _: entry)
    assert lock.main() == 1
    assert capsys.readouterr().err == "constraints.txt lacks new-one==2: add that line.\n"
    assert lock.entries((tmp_path / "torch.txt").read_text()) == {"torch": entry["torch"]}
    (tmp_path / "constraints.txt").write_text("Torch==1.0\nnew_one==2\n")
    assert lock.main() == 0
