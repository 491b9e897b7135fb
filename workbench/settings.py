"""The environment, read once into one frozen object.

Every variable, with its meaning and its default, stands in the table of deploy/README.md.

Where the models are, `CRR_CHECKPOINTS` says to `crr`, so that the command `crr` finds the same.
"""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from crr.errors import ConfigError
from crr.runtime.endpoint import checked_endpoint

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 2**20
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_NAMES = (
    "CRR_ALLOWED_MODELS",
    "CRR_ALLOW_FOLDERS",
    "CRR_CHECKPOINTS",
    "CRR_MAX_BATCH",
    "CRR_MAX_UPLOAD_MB",
    "CRR_MODEL_MEMORY_MB",
    "CRR_NORMALS_MEMORY_MB",
    "CRR_QUESTIONS_PER_MINUTE",
    "CRR_REQUEST_LOG",
    "CRR_SAMPLES",
    "CRR_SESSION_MEMORY_MB",
    "CRR_SHARE_TOKEN",
)
PROXY_HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


@dataclass(frozen=True)
class Settings:
    """What the person who starts the workbench may choose.

    Attributes:
        samples: Folder with `samples.json` and the images that it names.
        model_bytes: Memory for loaded models, all sessions together.
        session_bytes: Memory for one visitor's uploads, and again as much each for the results, for what
            models answered to the part that the visitor damages, and for what is shown of layers.
        normals_bytes: Memory for normal patches, all models and sessions together.
        max_batch: Images one visitor can have in the table at a time.
        allow_folders: Whether visitors may read folders of the serving machine, publish models and remove
            pulled ones; None: those on it only.
        allowed_models: Patterns of the models of the Hub that visitors may pull.
        share_token: Whether visitors who do not sit at the machine pull with its token for the Hub.
        questions_per_minute: That one open page may ask; 0: as many as they like.
        request_log: Whether questions are logged.
        on_space: True on Hugging Face Spaces, where every visitor is a stranger.
    """

    samples: Path = ROOT / "samples"
    model_bytes: int = 2048 * MEGABYTE
    session_bytes: int = 256 * MEGABYTE
    normals_bytes: int = 384 * MEGABYTE
    max_batch: int = 200
    allow_folders: bool | None = None
    allowed_models: tuple[str, ...] = ("*",)
    share_token: bool = False
    questions_per_minute: int = 0
    request_log: bool = False
    on_space: bool = False

    def model_allowed(self, repo: str) -> bool:
        """Whether a model of the Hub may be pulled."""
        return any(fnmatchcase(repo, pattern) for pattern in self.allowed_models)

    def check_model_allowed(self, repo: str) -> None:
        """See that a model of the Hub may be pulled; raises `ConfigError` if not."""
        if not self.model_allowed(repo):
            raise ConfigError(
                f"{repo} may not be pulled here. This workbench allows: {', '.join(self.allowed_models)}."
            )

    def folders_allowed(self, visitor: str | None, headers: Mapping[str, str]) -> bool:
        """Whether a visitor may type a folder of the machine that serves the workbench.

        A proxy on this machine makes every visitor look local. Most ask for the public name (`Host`) or add
        one of `PROXY_HEADERS`, and a browser tells the address that it shows (`Origin`). Behind a proxy that
        does neither, what is no browser can still look local: whoever puts a proxy in front sets
        `CRR_ALLOW_FOLDERS=0`.

        Args:
            visitor: Address of the visitor, None if it is this machine.
            headers: Of the request.
        """
        if self.on_space:
            return False
        if self.allow_folders is not None:
            return self.allow_folders
        if visitor is not None or any(name in headers for name in PROXY_HEADERS):
            return False
        hosts = (headers.get("Host", ""), headers.get("Origin", "").partition("://")[2])
        return all(_without_port(host) in LOCAL_HOSTS for host in hosts)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables; raises `ConfigError` naming the variable that is wrong."""
    on_space = "SPACE_ID" in environment
    choices = environment.get("CRR_QUESTIONS_PER_MINUTE", "120" if on_space else "0")
    if not choices.isdecimal():
        raise ConfigError(f"CRR_QUESTIONS_PER_MINUTE is {choices!r}; give a whole number, 0 for no limit.")
    return Settings(
        samples=Path(environment.get("CRR_SAMPLES", ROOT / "samples")),
        model_bytes=_positive(environment, "CRR_MODEL_MEMORY_MB", 2048) * MEGABYTE,
        session_bytes=_positive(environment, "CRR_SESSION_MEMORY_MB", 256) * MEGABYTE,
        normals_bytes=_positive(environment, "CRR_NORMALS_MEMORY_MB", 384) * MEGABYTE,
        max_batch=_positive(environment, "CRR_MAX_BATCH", 200),
        allow_folders=_yes_or_no(environment, "CRR_ALLOW_FOLDERS"),
        allowed_models=_patterns(environment, "CRR_ALLOWED_MODELS"),
        share_token=bool(_yes_or_no(environment, "CRR_SHARE_TOKEN")),
        questions_per_minute=int(choices),
        request_log=bool(_yes_or_no(environment, "CRR_REQUEST_LOG")),
        on_space=on_space,
    )


@cache
def settings() -> Settings:
    """The settings of this process."""
    return read_settings(os.environ)


def _without_port(host: str) -> str:
    return re.sub(r":\d+$", "", host)


def _yes_or_no(environment: Mapping[str, str], name: str) -> bool | None:
    text = environment.get(name, "")
    if text not in ("", "0", "1"):
        raise ConfigError(f"{name} is {text!r}; set it to 1 or 0, or leave it out.")
    return None if text == "" else text == "1"


def _patterns(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    patterns = tuple(part.strip() for part in environment.get(name, "").split(",") if part.strip())
    for pattern in patterns:
        if pattern != "*" and "/" not in pattern:
            raise ConfigError(f"{name} holds {pattern!r}; write OWNER/NAME, or OWNER/* for all of an owner.")
    return patterns or ("*",)


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal() or int(text) == 0:
        raise ConfigError(f"{name} is {text!r}; give a whole number above 0.")
    return int(text)


def check_start(environment: Mapping[str, str]) -> None:
    """See that what somebody set can work, before visitors find out.

    Raises:
        ConfigError: It cannot, or a variable of that name means nothing.
    """
    unknown = sorted(name for name in environment if name.startswith("CRR_") and name not in _NAMES)
    if unknown:
        raise ConfigError(f"{unknown[0]} means nothing; there are {', '.join(_NAMES)}.")
    chosen = read_settings(environment)
    _positive(environment, "CRR_MAX_UPLOAD_MB", 200)
    checkpoints = environment.get("CRR_CHECKPOINTS", "")
    if checkpoints and not Path(checkpoints).is_dir():
        raise ConfigError(f"CRR_CHECKPOINTS is {checkpoints!r}, which is no folder.")
    if not (chosen.samples / "samples.json").is_file():
        raise ConfigError(f"CRR_SAMPLES is {str(chosen.samples)!r}, where no samples.json is.")
    port = environment.get("PORT", "8501")
    if not (port.isdecimal() and 0 < int(port) < 2**16):
        raise ConfigError(f"PORT is {port!r}; give a number from 1 to 65535.")
    if "HF_ENDPOINT" in environment:
        checked_endpoint(environment["HF_ENDPOINT"])


if __name__ == "__main__":
    try:
        check_start(os.environ)
    except ConfigError as error:
        sys.exit(f"Error: {error}")
