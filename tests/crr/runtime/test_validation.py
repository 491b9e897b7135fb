"""Small JSON files, whoever wrote them."""

import pytest

from crr.runtime.validation import read_json


def test_a_small_file_is_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"ä": [1, null]}', encoding="utf-8")
    assert read_json(path) == {"ä": [1, None]}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "Expecting"),
        (b"\xff\xfe\xff", "decode"),
        (b"[" * 300_000, "nested too deeply"),
        (b" " * 99 + b"[]", "larger than 100 bytes"),
    ],
)
def test_what_nobody_would_write_is_refused(tmp_path, content, why):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=why):
        read_json(path, most=100 if why.startswith("larger") else 2**20)
    with pytest.raises(OSError, match="gone"):
        read_json(tmp_path / "gone.json")
