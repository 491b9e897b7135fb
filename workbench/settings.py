"""The environment, read once into one frozen object.

| variable                | meaning                                                       | default        |
|-------------------------|---------------------------------------------------------------|----------------|
| `CRR_SAMPLES`           | folder with `samples.json`                                    | `samples/`     |
| `CRR_MODEL_MEMORY_MB`   | models kept loaded, all sessions together                     | 2048           |
| `CRR_SESSION_MEMORY_MB` | uploads kept for one visitor, and again as much each for      | 256            |
|                         | results, for what models answered to a part to be damaged,    |                |
|                         | and for what is shown of layers                               |                |
| `CRR_NORMALS_MEMORY_MB` | normal patches that others are compared with, all together    | 384            |
| `CRR_MAX_BATCH`         | images one visitor can have in the table at a time            | 200            |
| `CRR_ALLOW_FOLDERS`     | 1 or 0: may a visitor type a folder of the serving machine,   | only localhost |
|                         | publish models and remove pulled ones                         |                |
| `CRR_ALLOWED_MODELS`    | models of the Hub that may be pulled on the page, with commas | all            |
|                         | between: OWNER/NAME, or OWNER/* for all of an owner           |                |

Whoever puts a proxy in front sets `CRR_ALLOW_FOLDERS=0`: one that says nothing of itself cannot be told from
a visitor at this machine.

Where the models are, `CRR_CHECKPOINTS` says to `crr.checkpoint`, so that the `crr` command finds the same.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from crr.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 2**20
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
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
        on_space: True on Hugging Face Spaces, where every visitor is a stranger.
    """

    samples: Path = ROOT / "samples"
    model_bytes: int = 2048 * MEGABYTE
    session_bytes: int = 256 * MEGABYTE
    normals_bytes: int = 384 * MEGABYTE
    max_batch: int = 200
    allow_folders: bool | None = None
    allowed_models: tuple[str, ...] = ("*",)
    on_space: bool = False

    def check_model_allowed(self, repo: str) -> None:
        """See that a model of the Hub may be pulled; raises `ConfigError` if not."""
        if not any(fnmatchcase(repo, pattern) for pattern in self.allowed_models):
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
    folders = environment.get("CRR_ALLOW_FOLDERS", "")
    if folders not in ("", "0", "1"):
        raise ConfigError(f"CRR_ALLOW_FOLDERS is {folders!r}; set it to 1 or 0, or leave it out.")
    return Settings(
        samples=Path(environment.get("CRR_SAMPLES", ROOT / "samples")),
        model_bytes=_positive(environment, "CRR_MODEL_MEMORY_MB", 2048) * MEGABYTE,
        session_bytes=_positive(environment, "CRR_SESSION_MEMORY_MB", 256) * MEGABYTE,
        normals_bytes=_positive(environment, "CRR_NORMALS_MEMORY_MB", 384) * MEGABYTE,
        max_batch=_positive(environment, "CRR_MAX_BATCH", 200),
        allow_folders=None if folders == "" else folders == "1",
        allowed_models=_names(environment.get("CRR_ALLOWED_MODELS", "")) or ("*",),
        on_space="SPACE_ID" in environment,
    )


@cache
def settings() -> Settings:
    """The settings of this process."""
    return read_settings(os.environ)


def _without_port(host: str) -> str:
    return re.sub(r":\d+$", "", host)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal() or int(text) == 0:
        raise ConfigError(f"{name} is {text!r}; give a whole number above 0.")
    return int(text)
