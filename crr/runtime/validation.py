"""How settings from outside are checked: strictly, and a wrong one becomes a sentence."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from crr.errors import ConfigError

ConfigType = TypeVar("ConfigType")

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)
"""No unknown names, and nothing is converted: true is not 1, and neither is "1"."""


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
