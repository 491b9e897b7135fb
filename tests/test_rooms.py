"""The rules of the rooms that import-linter does not know: what a door names, and who asks networks."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ["crr", "workbench", "pages", "benchmarks", "tools", "tests"]
MOST_FILES = 12
DOORS = sorted(path for top in ("crr", "workbench") for path in (ROOT / top).rglob("__init__.py"))
ASK_NETWORKS = ("crr/inference/", "crr/training/", "crr/models/", "crr/inversion/training.py")
KINDS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
NO_SUBJECT = re.compile(r"(Of|That of|Those|As|Likewise)\b")


def room_of(door: Path) -> str:
    return str(door.parent.relative_to(ROOT))


def named_in(text: str, room: Path) -> Iterator[tuple[Path, str | None]]:
    """Files and names of files in backticks, such as `files.py` and `files.find`."""
    for file, name in re.findall(r"`(\w+)\.(\w+)`", text):
        if name in ("py", "toml"):
            yield room / f"{file}.{name}", None
        elif file not in ("crr", "workbench"):
            yield room / f"{file}.py", name


def defined_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return assigned | {node.name for node in tree.body if isinstance(node, KINDS)}


def missing(text: str, room: Path) -> list[str]:
    return [
        f"{file.name}: {name or 'no such file'}"
        for file, name in named_in(text, room)
        if not file.is_file() or (name is not None and name not in defined_in(file))
    ]


@pytest.mark.parametrize("door", DOORS, ids=room_of)
def test_a_door_names_what_is_there(door):
    text = ast.get_docstring(ast.parse(door.read_text(encoding="utf-8")))
    assert text is not None
    assert "Begin" in text, "a door says where to begin to read"
    assert missing(text, door.parent) == []


def test_a_door_that_names_what_is_not_there_is_found():
    room = ROOT / "crr" / "checkpoints"
    assert missing("Begin with `files.py`; others use `files.find`.", room) == []
    assert missing("`file.py`, `files.fnd`", room) == ["file.py: no such file", "files.py: fnd"]


@pytest.mark.parametrize("top", FOLDERS)
def test_no_folder_holds_more_than_a_dozen_files(top):
    folders = [ROOT / top, *(path for path in (ROOT / top).rglob("*") if path.is_dir())]
    counts = {str(folder.relative_to(ROOT)): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: count for name, count in counts.items() if count > MOST_FILES} == {}


def questions_to_networks(tree: ast.AST) -> list[str]:
    """Calls such as `detector.encoder(images)`; `decode` alone is also what bytes have."""
    called = [
        ast.unparse(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    return [name for name in called if re.search(r"\.(encoder|decoder|reconstruct)$|detector\.decode$", name)]


def test_nobody_else_asks_an_encoder_or_a_decoder():
    asking = {}
    for top in ("crr", "workbench", "pages"):
        for file in (ROOT / top).rglob("*.py"):
            name = file.relative_to(ROOT).as_posix()
            found = questions_to_networks(ast.parse(file.read_text(encoding="utf-8")))
            if found and not name.startswith(ASK_NETWORKS):
                asking[name] = found
    assert asking == {}
    assert len(questions_to_networks(ast.parse("self.detector.decode(x); detector.encoder(y)"))) == 2


def documented(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "lineno", 1), text.splitlines()[0]


def test_the_first_line_of_a_docstring_has_a_subject():
    without = [
        f"{file.relative_to(ROOT)}:{line}: {first}"
        for top in FOLDERS[:-1]
        for file in (ROOT / top).rglob("*.py")
        for line, first in documented(file)
        if NO_SUBJECT.match(first)
    ]
    assert without == []
