import ast
import subprocess
import sys
from pathlib import Path

import pytest

import crr


@pytest.mark.parametrize("name", crr.__all__)
def test_every_public_name_is_there(name):
    assert getattr(crr, name).__module__.startswith("crr") or name == "Image"


def test_type_checkers_and_python_see_the_same_names():
    tree = ast.parse(Path(crr.__file__).read_text(encoding="utf-8"))
    (imports,) = [node for node in tree.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name)]
    checked = {
        (node.module, alias.name)
        for node in imports.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert checked == {(home, name) for home, names in crr._HOMES.items() for name in names}
    assert sorted(name for _, name in checked) == sorted(crr.__all__)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = crr.lod


@pytest.mark.parametrize("module", ["crr.cli.main", "crr.hub"])
def test_commands_and_the_hub_start_without_torch(module):
    code = f"import sys, {module}; print([name for name in ('torch', 'timm', 'cv2') if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
