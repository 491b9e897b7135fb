"""How settings from outside are checked: strictly, and a wrong one becomes a sentence.

Every number, text and list of a description that a stranger may have written is bounded by a type from here.
A bound is far above what makes sense, and low enough that counting to it takes neither memory nor time.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from crr.errors import ConfigError

ConfigType = TypeVar("ConfigType")

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)
"""No unknown names, and nothing is converted: true is not 1, and neither is "1"."""

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0, le=2**24)]
Count = Annotated[int, Field(ge=0, le=2**53)]
"""A count, or a seed; other readers of JSON keep whole numbers up to this one."""
Side = Annotated[int, Field(gt=0, le=8192)]
"""Side of an image or a map, in pixels."""
MapSide = Annotated[int, Field(gt=0, le=2048)]
"""Side of an anomaly map, or of a window in it, in pixels."""
Depth = Annotated[int, Field(gt=0, le=64)]
"""Number of layers or blocks that follow each other in a network."""
Width = Annotated[int, Field(gt=0, le=2**16)]
"""Channels."""
Name = Annotated[str, Field(max_length=200)]
Few = Field(max_length=256)
"""For tuples of layers and the like, as `Annotated[tuple[int, ...], Few]`."""
Many = Field(max_length=100_000)
"""For tuples of categories or scores."""


def checked(kind: type[ConfigType], values: Mapping[str, Any]) -> ConfigType:
    """An instance of a config class from values that JSON can hold.

    Raises:
        ConfigError: A value is missing, unknown, out of range, or nothing that JSON can hold.
    """
    try:
        text = json.dumps(dict(values))
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"A setting holds what JSON cannot hold ({error}). Leave it out.") from None
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or kind.__name__
        given = f"{first['input']!r:.80}"
        raise ConfigError(f"Setting {where} is not usable: {first['msg']} (given: {given}).") from None


def read_json(path: Path, most: int = 2**20) -> Any:
    """What a small file of JSON holds, whoever wrote it.

    Args:
        path: The file.
        most: Bytes that it may have.

    Raises:
        OSError: It cannot be read.
        ValueError: It is larger, nested too deeply, or no JSON.
    """
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"larger than {most:,} bytes")
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None
