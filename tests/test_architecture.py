"""The rules of the house that no single module can keep: who imports whom, and what is declared where."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
SCREENS = ["workbench", "pages", "streamlit_app.py"]
OURS = {"crr", "workbench", "pages"}


@pytest.fixture(scope="module")
def library() -> dict[str, Requirement]:
    """What `pip install .` brings."""
    return by_name(project()["dependencies"])


@pytest.fixture(scope="module")
def everything(library) -> dict[str, Requirement]:
    """What `pip install .[workbench]` brings."""
    return library | by_name(project()["optional-dependencies"]["workbench"])


def test_imports_go_one_way():
    # In a process of its own: in this one it would switch off the logging of modules already imported.
    linter = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run([linter, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_pages_hide_no_module():
    # pages/inspect.py may share its name with the standard library's `inspect` while nobody can import it so.
    assert str(ROOT / "pages") not in sys.path


def test_requirements_and_pyproject_agree(everything):
    assert read_requirements("requirements.txt") == everything


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_has_its_reason(name):
    lines = (ROOT / name).read_text().splitlines()
    assert [line for line in lines if re.match(r"\w", line) and " # " not in line] == []


def test_constraints_pin_everything_within_its_range():
    pins = read_requirements("constraints.txt")
    wanted = read_requirements("requirements.txt") | read_requirements("requirements-dev.txt")
    assert with_dependencies(wanted) - set(pins) == set()
    for name, requirement in wanted.items():
        (pin,) = pins[name].specifier
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version), f"constraints.txt pins {name} outside its range"


def test_what_the_library_imports_is_declared(library):
    assert undeclared(["crr"], library) == {}


def test_what_the_screens_import_is_declared(everything):
    assert undeclared(SCREENS, everything) == {}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def read_requirements(name: str) -> dict[str, Requirement]:
    """Canonical package name -> requirement, from a requirements file in the root."""
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return by_name(filter(None, lines))


def by_name(lines: Iterable[str]) -> dict[str, Requirement]:
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, lines)}


def with_dependencies(names: Iterable[str]) -> set[str]:
    """These installed packages and, transitively, those they need on this machine."""
    found: set[str] = set()
    waiting = [(name, "") for name in names]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        found.add(name)
        for needed in map(Requirement, metadata.requires(name) or []):
            if not needed.marker or needed.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(needed.name), wanted) for wanted in {"", *needed.extras}]
    return found


def undeclared(places: list[str], declared: dict[str, Requirement]) -> dict[str, str]:
    """Top-level name of every foreign import that no declared package provides -> a file that imports it."""
    providers = metadata.packages_distributions()
    missing = {}
    for file in (file for place in places for file in [ROOT / place, *(ROOT / place).rglob("*.py")]):
        for name in imported(file) - OURS - set(sys.stdlib_module_names):
            packages = {canonicalize_name(package) for package in providers.get(name, [])}
            if not packages & set(declared):
                missing[name] = str(file.relative_to(ROOT))
    return missing


def imported(file: Path) -> set[str]:
    """Top-level names that a Python file imports; none for a folder."""
    nodes = list(ast.walk(ast.parse(file.read_text()))) if file.is_file() else []
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    members = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.split(".")[0] for name in plain | members}
