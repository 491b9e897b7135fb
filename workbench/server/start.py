"""What whoever starts the workbench has set, looked at before visitors find out what is wrong with it.

`deploy/start.sh` runs it: python -m workbench.server.start
"""

import os
import socket
import sys
from collections.abc import Mapping
from difflib import get_close_matches

from crr.errors import ConfigError
from crr.runtime.endpoint import checked_endpoint
from workbench.settings import COPIES, VARIABLES, StartSettings, read_as


def check_start(environment: Mapping[str, str]) -> None:
    """See that what somebody set can work, before visitors find out.

    Raises:
        ConfigError: It cannot, or a variable of that name means nothing.
    """
    ours = [name for name in VARIABLES if name.startswith("CRR_")]
    unknown = sorted(name for name in environment if name.startswith("CRR_") and name not in ours)
    if unknown:
        near = get_close_matches(unknown[0], ours, 1)
        meant = f"the nearest is {near[0]}." if near else f"there are {', '.join(ours)}."
        raise ConfigError(f"{unknown[0]} means nothing; {meant}")
    chosen = read_as(StartSettings, environment)
    samples = chosen.samples
    if chosen.session_bytes < chosen.max_upload_bytes:
        raise ConfigError(
            "CRR_SESSION_MEMORY_MB is smaller than CRR_MAX_UPLOAD_MB: a file of that size could never be "
            "taken. Raise the one or lower the other."
        )
    if chosen.upload_bytes < COPIES * chosen.max_upload_bytes:
        raise ConfigError(
            f"CRR_UPLOAD_MEMORY_MB has to be {COPIES} times CRR_MAX_UPLOAD_MB at least, since a file takes "
            "that much while it arrives. Raise the one or lower the other."
        )
    if chosen.upload_bytes < chosen.session_bytes:
        raise ConfigError(
            "CRR_SESSION_MEMORY_MB is larger than CRR_UPLOAD_MEMORY_MB, which all visitors have together. "
            "Lower the one or raise the other."
        )
    if environment.get("CRR_PROXIES") and not chosen.proxy_header:
        raise ConfigError("CRR_PROXIES says nothing without CRR_PROXY_HEADER: name the header of your proxy.")
    _check_address(chosen.address)
    _check_sign_in(chosen)
    if not os.access(samples / "samples.json", os.R_OK):
        raise ConfigError(f"CRR_SAMPLES is {str(samples)!r}, where no samples.json can be read.")
    if "HF_ENDPOINT" in environment:
        checked_endpoint(environment["HF_ENDPOINT"])


def _check_sign_in(chosen: StartSettings) -> None:
    """See that a sign-in is set whole or not at all; raises `ConfigError` if not."""
    given = {
        "CRR_SIGN_IN_PROVIDER": chosen.sign_in_provider,
        "CRR_SIGN_IN_CLIENT": chosen.sign_in_client,
        "CRR_SIGN_IN_SECRET": chosen.sign_in_secret,
        "CRR_SIGN_IN_ADDRESS": chosen.sign_in_address,
    }
    missing = [name for name, value in given.items() if not value]
    if 0 < len(missing) < len(given):
        raise ConfigError(f"{missing[0]} is missing: a sign-in takes {', '.join(given)}.")


def _check_address(address: str) -> None:
    """See that somebody can listen there; raises `ConfigError` if not."""
    try:
        found = socket.getaddrinfo(address, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, place in found[:1]:
            with socket.socket(family, kind, protocol) as listener:
                listener.bind(place)
    except (OSError, UnicodeError):  # the second of what cannot be the name of a machine
        raise ConfigError(
            f"ADDRESS is {address!r}, which is no address of this machine; give one such as 127.0.0.1, or "
            "0.0.0.0 for all."
        ) from None


if __name__ == "__main__":
    try:
        check_start(os.environ)
    except ConfigError as error:
        sys.exit(f"Error: {error}")
