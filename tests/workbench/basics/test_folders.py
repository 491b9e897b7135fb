import os
from collections.abc import Callable
from pathlib import Path

import pytest

from crr.errors import DatasetError, ImageError
from tests.workbench.fakes import png
from workbench.basics import folders
from workbench.basics.folders import content_of_folder, no_photos


@pytest.fixture
def parts(tmp_path) -> Path:
    """A folder with two images, a text, a hidden folder and one that looks like an image by its name."""
    folder = tmp_path / "my parts"
    for name in ("b.png", "sub/a.PNG", ".hidden/secret.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png())
    (folder / "notes.txt").write_text("no image")
    (folder / "folder.png").mkdir()
    return folder


@pytest.mark.parametrize("form", ["{}", "  {}\n", '"{}"', " '{}/' ", "{}/sub/.."])
def test_a_pasted_path_is_understood(parts, form):
    found = content_of_folder(form.format(parts)).photos
    assert [name for name, _ in found] == ["b.png", "sub/a.PNG"]
    assert [read() for _, read in found] == [png(), png()]


def test_links_are_followed_but_never_in_a_circle_and_what_is_no_photo_is_named(parts):
    (parts.parent / "elsewhere").mkdir()
    (parts.parent / "elsewhere/far.png").write_bytes(png())
    (parts / "linked").symlink_to(parts.parent / "elsewhere")
    (parts / "round").symlink_to(parts)
    (parts / "masks").mkdir()
    for name in ("masks/b.png", "b_mask.png"):
        (parts / name).write_bytes(png())
    found = content_of_folder(str(parts))
    assert [name for name, _ in found.photos] == ["b.png", "linked/far.png", "sub/a.PNG"]
    assert found.passed_over == {
        "hidden, or of the system": [".hidden"],
        "masks, which are no photos": ["masks/b.png"],
        "no image by its name": ["notes.txt"],
        "a link to a folder that is read already": ["round"],
        "a mask that lies beside its image": ["b_mask.png"],
    }


def test_a_tilde_is_the_home_folder(parts, monkeypatch):
    monkeypatch.setenv("HOME", str(parts.parent))
    assert len(content_of_folder("~/my parts").photos) == 2


def test_the_path_of_one_image_is_that_image(parts):
    assert [name for name, _ in content_of_folder(str(parts / "sub/a.PNG")).photos] == ["a.PNG"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("/no/such/folder", "There is no folder /no/such/folder"),
        ("~nobody-of-that-name/parts", "There is no folder ~nobody-of-that-name/parts"),
        ("/a\0b", "There is no folder /a\0b"),
        ("~a\0b", "not the path of a folder"),
        ("/" + 5000 * "a", "not the path of a folder"),
    ],
)
def test_what_is_no_folder_is_a_sentence(typed, sentence):
    with pytest.raises(DatasetError, match=sentence):
        content_of_folder(typed)


def test_a_folder_without_images_is_a_sentence(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(DatasetError, match="holds no photos"):
        content_of_folder(str(tmp_path))


def refuse(monkeypatch: pytest.MonkeyPatch, function: str, refused: Callable[[Path], bool]) -> None:
    """Let a function of `os` refuse some paths, as it would for anybody but the administrator."""
    allowed = getattr(os, function)

    def call(path: str | Path, **options: object) -> object:
        if refused(Path(path)):
            raise PermissionError(13, "Permission denied", str(path))
        return allowed(path, **options)

    monkeypatch.setattr(os, function, call)


@pytest.mark.parametrize("folder", ["", "sub"])
def test_a_folder_that_may_not_be_read_is_a_sentence_that_names_it(parts, monkeypatch, folder):
    refuse(monkeypatch, "scandir", lambda path: path == parts / folder)
    with pytest.raises(DatasetError, match=f"may not read {parts / folder}\\. Change its permissions"):
        content_of_folder(str(parts))


def test_a_folder_in_one_that_may_not_be_entered_is_a_sentence(parts, monkeypatch):
    refuse(monkeypatch, "stat", lambda path: parts in path.parents)
    with pytest.raises(DatasetError, match=r"may not read .*sub"):
        content_of_folder(str(parts / "sub"))


def test_a_folder_that_may_be_listed_but_not_entered_gives_a_sentence_a_file(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(png())
    refuse(monkeypatch, "stat", lambda path: tmp_path in path.parents)
    for name, read in content_of_folder(str(tmp_path)).photos:
        with pytest.raises(ImageError, match=f"^{name} may not be read by this user: change"):
            read()


def test_a_pipe_is_a_sentence(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")  # reading it would never end
    with pytest.raises(DatasetError, match=r"holds no photos .*a pipe, a device or a socket"):
        content_of_folder(str(tmp_path))


def test_a_whole_disk_is_a_sentence(parts, monkeypatch):
    monkeypatch.setattr(folders, "MOST_ENTRIES", 4)
    with pytest.raises(DatasetError, match="more than 4 files"):
        content_of_folder(str(parts))


def test_a_huge_file_is_not_read(tmp_path, monkeypatch):
    (tmp_path / "huge.png").write_bytes(png())
    monkeypatch.setattr("crr.data.image_header.MAX_BYTES", 10)
    ((_, read),) = content_of_folder(str(tmp_path)).photos
    with pytest.raises(ImageError, match="is larger than"):
        read()


@pytest.mark.parametrize(
    ("path", "system"),
    [
        ("line1/000.jpg", False), ("./000.jpg", False), ("parts.db/000.jpg", False), ("Eadir/000.jpg", False),
        ("._000.jpg", True), ("line1/._000.jpg", True), ("__MACOSX/line1/000.jpg", True), (".DS_Store", True),
        ("line1/@eaDir/000.jpg/SYNOPHOTO_THUMB_M.jpg", True), ("#recycle/000.jpg", True),
        ("Thumbs.db", True), ("line1\\thumbs.db", True), ("desktop.ini", True),
    ],
)  # fmt: skip
def test_what_computers_leave_beside_photos_is_known_by_its_name(path, system):
    assert no_photos([path]) == ({path: "hidden, or of the system"} if system else {})


def test_a_typed_folder_passes_over_the_same(tmp_path):
    for name in ("000.jpg", "._000.jpg", "@eaDir/000.jpg", "#recycle/000.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [name for name, _ in content_of_folder(str(tmp_path)).photos] == ["000.jpg"]
