"""Which version of this library runs, so that what it wrote can be traced."""

import tomllib
from importlib import metadata
from pathlib import Path


def version() -> str:
    """The version as it was installed, or as its source folder says: "0.1.0"."""
    try:
        return metadata.version("crr")
    except metadata.PackageNotFoundError:
        pass
    try:
        project = Path(__file__).resolve().parents[2] / "pyproject.toml"
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    except (OSError, ValueError, KeyError):
        return "unknown"
