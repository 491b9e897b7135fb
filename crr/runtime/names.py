"""Names for files that are written: none stands for two, on the disk of any system."""

from collections.abc import Callable
from unicodedata import normalize


class FreeNames:
    """Names that are given once; capitals make no difference, as on the disks of Windows and macOS.

    Args:
        is_taken: Says of a name whether something has it already.
    """

    def __init__(self, is_taken: Callable[[str], bool] = lambda _: False) -> None:
        self._is_taken = is_taken
        self._numbers: dict[str, int] = {}  # name to the last number tried for it

    def take(self, wanted: str) -> str:
        """The name, numbered if it was given before or is taken; it may be a path."""
        name, number = wanted, self._numbers.get(_alike(wanted), 1)
        while _alike(name) in self._numbers or self._is_taken(name):
            number += 1
            name = f"{wanted}_{number}"
        self._numbers[_alike(name)] = 1
        self._numbers[_alike(wanted)] = number
        return name


def folder_name(name: str, suffixes: tuple[str, ...] = (".png",)) -> str:
    """The name of a folder, which is never that of a file with one of these suffixes beside it."""
    return f"{name}_" if name.casefold().endswith(suffixes) else name


def _alike(name: str) -> str:
    """What names have in common that some file system takes for one."""
    return normalize("NFC", normalize("NFC", name).casefold())
