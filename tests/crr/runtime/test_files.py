import errno
import stat
from pathlib import Path

import pytest

from crr.errors import WriteError
from crr.runtime.files import remove_leftovers, write_atomically, write_text_atomically


def test_a_file_is_written_with_its_folders_and_may_be_read_by_others(tmp_path):
    path = tmp_path / "new" / "deep" / "note.txt"
    write_atomically(path, lambda temporary: temporary.write_text("done"))
    assert path.read_text() == "done"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_until_it_is_complete_a_reader_sees_the_old_file(tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("old")

    def write(temporary):
        temporary.write_text("half of the n")
        assert path.read_text() == "old"
        temporary.write_text("new")

    with path.open() as reader:  # one who opened the old file goes on reading it
        write_atomically(path, write)
        assert reader.read() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize(
    ("code", "reason", "advice"),
    [
        (errno.ENOSPC, "No space left on device", "Make room on the disk"),
        (errno.EACCES, "Permission denied", "See that its folder can be written to"),
    ],
)
def test_a_refusal_names_the_file_and_leaves_the_old_one_and_nothing_else(tmp_path, code, reason, advice):
    path = tmp_path / "note.txt"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half of the n")
        raise OSError(code, reason)

    with pytest.raises(WriteError) as error:
        write_atomically(path, fail)
    assert str(error.value) == f"{path} cannot be written ({reason}). {advice}."
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_a_refusal_too(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match=r"file/note\.txt cannot be written"):
        write_text_atomically(tmp_path / "file" / "note.txt", "text")


def test_text_is_written_as_utf_8(tmp_path):
    write_text_atomically(tmp_path / "note.txt", "größer – 漢")
    assert (tmp_path / "note.txt").read_bytes().decode("utf-8") == "größer – 漢"


def test_leftovers_of_killed_writers_go_and_files_of_others_stay(tmp_path, monkeypatch):
    others = {".README.md.swp", "README.md", "README.md.bak", ".config.json.swap"}
    for other in others:
        (tmp_path / other).touch()
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)  # who is killed removes nothing
    for name in ("README.md", "config.json"):
        with pytest.raises(WriteError):
            write_atomically(tmp_path / name, failing)
    monkeypatch.undo()
    assert len([*tmp_path.iterdir()]) == len(others) + 2
    remove_leftovers(tmp_path / "README.md")
    assert len([*tmp_path.iterdir()]) == len(others) + 1
    remove_leftovers(tmp_path / "*.json")
    assert {path.name for path in tmp_path.iterdir()} == others
    remove_leftovers(tmp_path / "nowhere" / "file")


def failing(_):
    raise OSError(errno.EIO, "no")
