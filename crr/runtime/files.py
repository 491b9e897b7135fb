"""Writing files so that a reader never sees half of one, and no two runs write into one folder."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crr.errors import ConfigError, CRRError, WriteError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_RANDOM = "?" * 8  # how `tempfile` ends the names of temporary files; those of editors end otherwise
_CLAIM = ".crr-is-writing"
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a file system answers that has no locks."""


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place in one step.

    Raises:
        WriteError: The file system refuses; what `path` held before is still there.
    """
    try:
        _replace(path, write)
    except OSError as error:
        advice = (
            "Make room on the disk" if error.errno in _NO_ROOM else "See that its folder can be written to"
        )
        raise WriteError(f"{path} cannot be written ({error.strerror or error}). {advice}.") from error


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text_atomically(path: Path, text: str) -> None:
    """Put `text`, as UTF-8, in place of what `path` held, in one step."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def remove_leftovers(path: Path) -> None:
    """Remove what writers of a file that were killed left beside it; nobody may be writing it meanwhile.

    Args:
        path: The file; its name may be a pattern, such as "*.jpg".
    """
    for leftover in path.parent.glob(f".{path.name}.{_RANDOM}"):
        leftover.unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Make the folder if it does not exist, and see that files can be written into it, before long work.

    Raises:
        CRRError: They cannot.
    """
    if folder.exists() and not folder.is_dir():
        raise CRRError(f"{folder} is a file, but results go into a folder. Give the name of a folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CRRError(f"{folder} cannot be written to ({error.strerror}). Choose another folder.") from error


def check_new_folder(out: Path) -> None:
    """See before long work that `new_folder` can make a folder; errors are those of it."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} is there and not empty. Give the name of a new folder.")
    check_writable(out.absolute().parent)


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Inside the `with` block: a folder that takes the place of `out` at its end, and is gone after an error.

    Raises:
        ConfigError: There is something in `out`.
        CRRError: Nothing can be written there.
    """
    check_new_folder(out)
    folder = Path(tempfile.mkdtemp(dir=out.absolute().parent, prefix=f".{out.name}."))
    try:
        yield folder
        folder.chmod(0o755)
        if out.exists():
            out.rmdir()
        folder.rename(out)
    except OSError as error:
        raise WriteError(
            f"{out} cannot be written ({error.strerror or error}). Nothing was left of it."
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Inside the `with` block: nobody else who claims a folder may write into it; made if it is not there.

    The claim ends with the process, however that ends. On a file system without locks there is none.

    Raises:
        CRRError: Another run is writing into it, or left its claim where this account may not touch it; or
            nothing can be written there.
    """
    from filelock import FileLock, Timeout  # 20 ms, for which crr --help must not wait

    check_writable(folder)
    lock = FileLock(folder / _CLAIM, timeout=0, mode=0o666, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise CRRError(
            f"Another run is writing into {folder} now: wait until it is done, or choose another folder."
        ) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise CRRError(
                f"{folder} cannot be claimed ({error.strerror}): somebody else writes into it, or did. "
                "Choose another folder."
            ) from error
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no file that is open
            (folder / _CLAIM).unlink(missing_ok=True)
        lock.release()
