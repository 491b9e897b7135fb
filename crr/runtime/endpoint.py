"""The address of a Hub, checked without its client, which takes a second to load."""

import re
from contextlib import suppress
from urllib.parse import urlsplit

from crr.errors import ConfigError


def checked_endpoint(endpoint: str) -> str:
    """The address of a Hub, without a slash at its end; raises `ConfigError` if it is none."""
    with suppress(ValueError):
        parts = urlsplit(endpoint)
        if parts.scheme in ("http", "https") and parts.hostname and not re.search(r"[\s@]", endpoint):
            return endpoint.rstrip("/")
    raise ConfigError(
        "HF_ENDPOINT is no address of a Hub: write one such as https://huggingface.co, without a password."
    )
