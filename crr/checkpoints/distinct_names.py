"""Several checkpoints side by side, told apart by their names."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from crr.checkpoints.files import name_of
from crr.errors import ConfigError


def distinct_names(folders: Sequence[Path]) -> list[str]:
    """A name for each checkpoint: its own, or so much of its path that no other is called so ("A/x", "B/x").

    Args:
        folders: Folders of checkpoints, as `crr.hub.find` gives them.

    Raises:
        ConfigError: A checkpoint stands there twice.
    """
    twice = [folder for folder, count in Counter(folders).items() if count > 1]
    if twice:
        raise ConfigError(f"{name_of(twice[0])} is named twice ({twice[0]}): name each checkpoint once.")
    names = [name_of(folder) for folder in folders]
    return [
        name if names.count(name) == 1 else _distinct_part(folder, _others(folders, names, number))
        for number, (folder, name) in enumerate(zip(folders, names, strict=True))
    ]


def _others(folders: Sequence[Path], names: Sequence[str], number: int) -> list[Path]:
    """The other folders whose checkpoint is called as this one is."""
    return [
        folder for index, folder in enumerate(folders) if names[index] == names[number] and index != number
    ]


def _distinct_part(folder: Path, others: Sequence[Path]) -> str:
    """The shortest end of a path that is the end of no other one."""
    parts = folder.parts
    for count in range(1, len(parts)):
        if all(other.parts[-count:] != parts[-count:] for other in others):
            return "/".join(parts[-count:])
    return str(folder)
