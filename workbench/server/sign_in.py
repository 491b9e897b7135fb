"""A sign-in through OpenID Connect, from environment variables to the file in which Streamlit reads it.

    python -m workbench.server.sign_in FILE      `deploy/start.sh` runs it; exit code 3: none is set

A Space with `hf_oauth: true` in its README is given what is needed; elsewhere four variables say it
(deploy/README.md).
"""

import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from crr.errors import ConfigError
from workbench.settings import StartSettings, read_as

CALLBACK = "/oauth2callback"
"""Where a provider sends people back to; it has to be told to the provider, behind the address."""
NONE = 3
"""What is returned where no sign-in is set: another number than that of a program that fails."""
_WELL_KNOWN = "/.well-known/openid-configuration"


def sign_in_of(environment: Mapping[str, str]) -> str | None:
    """What Streamlit reads, as TOML; None if nobody is to sign in.

    The secret by which sessions are signed is drawn anew at each start, after which people sign in again.

    Args:
        environment: Variables of the process.

    Raises:
        ConfigError: A variable is wrong.
    """
    chosen = read_as(StartSettings, environment)
    provider, client = chosen.sign_in_provider, chosen.sign_in_client
    secret, address = chosen.sign_in_secret, chosen.sign_in_address
    if not provider and environment.get("SPACE_HOST"):
        provider, client = environment.get("OPENID_PROVIDER_URL", ""), environment.get("OAUTH_CLIENT_ID", "")
        secret, address = environment.get("OAUTH_CLIENT_SECRET", ""), f"https://{environment['SPACE_HOST']}"
    if not (provider and client and secret and address):
        return None
    values = {
        "redirect_uri": address.rstrip("/") + CALLBACK,
        "cookie_secret": secrets.token_hex(32),
        "client_id": client,
        "client_secret": secret,
        "server_metadata_url": provider.rstrip("/").removesuffix(_WELL_KNOWN) + _WELL_KNOWN,
    }
    # A string of JSON is one of TOML.
    return "[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())


def main(file: Path, environment: Mapping[str, str]) -> int:
    """Write the file, for nobody else to read; returns 3, and writes nothing, if nobody is to sign in.

    Raises:
        ConfigError: A variable is wrong, or the file cannot be written.
    """
    found = sign_in_of(environment)
    if found is None:
        return NONE
    try:
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(found)
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written ({error.strerror}): set TMPDIR to a folder of yours."
        ) from None
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]), os.environ))
    except ConfigError as error:
        sys.exit(f"Error: {error}")
