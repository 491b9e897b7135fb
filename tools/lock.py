"""The files of `locks/` made anew: every package that is installed, with the SHA-256 of each of its files.

    locks/workbench.txt     requirements.txt, but for what only PyTorch brings
    locks/torch.txt         PyTorch as the registry has it: on Linux with CUDA, elsewhere without
    locks/development.txt   what requirements-dev.txt needs besides
    locks/build.txt         what `pip install --editable .` builds with
    locks/headless.txt      OpenCV for machines without a screen, see tools/opencv.sh
    locks/audit.txt         what looks for known weaknesses and lists what is installed
    locks/uv.txt            what makes these files, and installs in the container

The versions are those of constraints.txt, the one file to change by hand. A lock holds for every system and
every Python that wheels are made for, so that whoever installs refuses all else (`--only-binary :all:`) and
runs no setup.py. PyTorch's builds for CPUs lie in an index of its own: where it answers, locks/torch-cpu.txt
is written too, and the container then checks it.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS, CONSTRAINTS = ROOT / "locks", ROOT / "constraints.txt"
OLDEST_PYTHON = "3.11"
ONLY_TORCH = re.compile(r"(torch|torchvision|triton|nvidia-.*|cuda-.*)$")
"""Names of what is not there, or is another file, where PyTorch is made for CPUs."""

NEVER = ("httpx2-jsfetch",)  # for Python in a browser, where there is no PyTorch
ALONE = {
    "build": ("hatchling", "editables"),
    "headless": ("opencv-python-headless", "--no-deps"),  # numpy is there already
    "audit": ("pip-audit", "cyclonedx-bom"),
    "uv": ("uv",),
}
_HEAD = "# Made by `make lock` from constraints.txt: {what}. tools/lock.py says more.\n"

Lock = dict[str, str]
"""Package name to its entry in a lock: one line of name and version, then one for each hash."""


def main() -> int:
    """Write all locks; returns 1 if constraints.txt lacks a package."""
    runtime = resolve(["requirements.txt"])
    both = resolve(["requirements.txt", "requirements-dev.txt"])
    split = {name: bool(ONLY_TORCH.match(name)) for name in runtime}
    locks = {
        "workbench": {name: entry for name, entry in runtime.items() if not split[name]},
        "torch": {name: entry for name, entry in runtime.items() if split[name]},
        "development": {name: entry for name, entry in both.items() if name not in runtime},
    }
    locks |= {name: resolve(wanted) for name, wanted in ALONE.items()}
    for name, lock in locks.items():
        write(name, lock)
    _lock_cpu_build()
    missing = sorted(set().union(*map(pins, locks.values())) - pins_of(CONSTRAINTS.read_text()))
    for pin in missing:
        print(f"constraints.txt lacks {pin}: add that line.", file=sys.stderr)
    return 1 if missing else 0


def resolve(wanted: Sequence[str]) -> Lock:
    """What uv finds for every system, within constraints.txt.

    Args:
        wanted: Requirements files, packages, and options of uv.

    Raises:
        CalledProcessError: The versions contradict each other, or the registry does not answer; uv says it.
    """
    with tempfile.TemporaryDirectory() as folder:
        packages = Path(folder) / "packages.in"
        given = [one for one in wanted if one.endswith(".txt") or one.startswith("--")]
        packages.write_text("".join(f"{one}\n" for one in wanted if one not in given))
        out = Path(folder) / "lock.txt"
        command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", OLDEST_PYTHON]
        command += ["--generate-hashes", "--no-header", "--no-annotate", "--constraint", str(CONSTRAINTS)]
        command += [option for name in NEVER for option in ("--no-emit-package", name)]
        command += ["--output-file", str(out), str(packages), *given]
        subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True)
        return entries(out.read_text())


def entries(text: str) -> Lock:
    """The entries of a lock as text."""
    found: Lock = {}
    for block in re.split(r"\n(?=[\w.-])", re.sub(r"^#.*\n", "", text, flags=re.M).strip()):
        if block:
            name = re.split(r"[=\[ ]", block, maxsplit=1)[0].lower()
            found[name] = f"{found[name]}\n{block}" if name in found else block  # one for each system
    return found


def pins(lock: Mapping[str, str]) -> set[str]:
    """Name==version of every entry."""
    return {re.split(r"[ ;\\]", entry, maxsplit=1)[0].lower() for entry in lock.values()}


def pins_of(text: str) -> set[str]:
    """Name==version of every line of constraints.txt, with names as the registry writes them."""
    lines = [line.strip() for line in text.splitlines() if "==" in line and not line.startswith("#")]
    parts = [line.partition("==") for line in lines]
    return {f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}" for name, _, version in parts}


def write(name: str, lock: Lock) -> None:
    """Write one file of `locks/`."""
    what = f"{len(lock)} package{'s' * (len(lock) > 1)}, with the SHA-256 of every file"
    text = "".join(f"{entry}\n" for entry in lock.values())
    (LOCKS / f"{name}.txt").write_text(_HEAD.format(what=what) + text)


def _lock_cpu_build() -> None:
    """Write the lock of PyTorch's build for CPUs, where its index answers."""
    try:
        found = resolve(["torch", "torchvision", "--torch-backend=cpu"])
    except subprocess.CalledProcessError:
        print("locks/torch-cpu.txt: not made anew, no answer from PyTorch's index.", file=sys.stderr)
        return
    write("torch-cpu", {name: entry for name, entry in found.items() if ONLY_TORCH.match(name)})


if __name__ == "__main__":
    sys.exit(main())
