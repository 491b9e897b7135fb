"""A claim on a folder of results, so that two runs of crr never write into it at the same time."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from crr.errors import CRRError
from crr.runtime.files import check_writable

_NAME = ".crr-is-writing"
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a file system answers that has no locks."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Inside the `with` block: nobody else who claims a folder may write into it; made if it is not there.

    The claim ends with the process, however that ends. On a file system without locks there is none.

    Raises:
        CRRError: Another run is writing into it, or left its claim where this account may not touch it; or
            nothing can be written there.
    """
    check_writable(folder)
    lock = FileLock(folder / _NAME, timeout=0, mode=0o666, fallback_to_soft=False)
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
            (folder / _NAME).unlink(missing_ok=True)
        lock.release()
