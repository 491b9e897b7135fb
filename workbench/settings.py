"""The environment, read once into one frozen object.

Every variable, with its meaning and its default, stands in the table of deploy/README.md. A test keeps
the two equal.
"""

import os
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from platformdirs import user_data_path
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict
from pydantic_settings.sources.utils import parse_env_vars

from crr.errors import ConfigError
from crr.runtime.paths import expanded

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 2**20
COPIES = 3
"""Of a file while it is uploaded: in the form's parser, read from it, and kept."""
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
PROXY_HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


def _digits(text: str) -> str:
    # pydantic also takes "5.0" for a whole number, but Streamlit, which is given the same text, does not.
    if not text.isdecimal():
        raise ValueError
    return text


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()] or ["*"]


def _readable_folder(text: str) -> Path:
    folder = expanded(text)
    if not os.access(f"{folder}/", os.R_OK):  # the slash: a file will not do
        raise ValueError
    return folder


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # no such user
        raise ValueError from None


# How the text of a variable is read; the description is what an error advises.
Chosen = TypeVar("Chosen")
Digits = BeforeValidator(_digits)
Positive = Annotated[int, Digits, Field(gt=0, description="give a whole number above 0")]
InBytes = AfterValidator(lambda number: number * MEGABYTE)
Megabytes = Annotated[Positive, InBytes]
"""Megabytes in the environment, bytes in the object."""
_LEAST = 128
Enough = Annotated[
    int, Digits, Field(ge=_LEAST, description=f"give a whole number, {_LEAST} at least"), InBytes
]
"""Megabytes below which nothing works."""
Limit = Annotated[int, Digits, Field(description="give a whole number, 0 for no limit")]
Port = Annotated[int, Digits, Field(gt=0, lt=2**16, description="give a number from 1 to 65535")]
OneOrZero = BeforeValidator(("0", "1").index)
Switch = Annotated[Chosen, OneOrZero, Field(description="set it to 1 or 0, or leave it out")]
Pattern = Annotated[str, Field(pattern=r"^\*$|/")]
_PATTERNS = "write OWNER/NAME, or OWNER/* for all of an owner"
Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(_parts), Field(description=_PATTERNS)]
HeaderName = Annotated[
    str, Field(pattern=r"^[\w!#$%&'*+.^`|~-]*$", description="give the name of a header, such as X-Real-IP")
]
_NAMES = "write names alone, such as parts.example, with commas between"
HostNames = Annotated[str, Field(pattern=r"^[\w.:*\[\]-]+( *, *[\w.:*\[\]-]+)*$", description=_NAMES)]
Folder = Annotated[
    Path, BeforeValidator(_readable_folder), Field(description="name a folder that can be read")
]


Address = Annotated[
    str, Field(pattern=r"^(https?://[^\s?#]+)?$", description="give an address that begins with https://")
]
DataFolder = Annotated[Path, BeforeValidator(_expanded), Field(description="name a folder")]
"""It is made when it is first used."""


def _other_on_a_space(elsewhere: Chosen, there: Chosen) -> Callable[[dict[str, Any]], Chosen]:
    """A default that is another on a Space, which has 16 GB and is visited by strangers."""
    return lambda known: there if known["on_space"] else elsewhere


class Settings(BaseSettings):
    """What the person who starts the workbench may choose.

    Attributes:
        on_space: True on Hugging Face Spaces, where every visitor is a stranger.
        samples: Folder with `samples.json` and the images that it names.
        model_bytes: Memory for loaded models, all sessions together.
        session_bytes: Memory for one visitor's uploads, again as much each for the results and for what
            models answered to single photos, and a quarter of it for pictures of features.
        upload_bytes: Memory for the uploads of all visitors together.
        result_bytes: Memory for what was found in the photos of all visitors together; what was looked at
            longest ago goes first, and is found again when it is looked at.
        image_bytes: Memory for decoding one large photo that a visitor brought; what needs more is refused.
        normals_bytes: Memory for normal patches, all models and sessions together.
        encoder_bytes: Disk for encoders that visitors' models name, in the Hub's cache; those unused longest
            go for a new one. 0: no limit.
        pulled_bytes: Disk for models from the Hub; the one unused longest goes for a new one. 0: no limit.
        max_batch: Images one visitor can have in the table at a time.
        allow_folders: Whether visitors may read folders of the serving machine, publish models and remove
            pulled ones; None: those on it only.
        allowed_models: Patterns of the models of the Hub that visitors may pull.
        share_token: Whether visitors who do not sit at the machine pull with its token for the Hub.
        questions_per_minute: How many questions one open page may ask; 0: as many as they like.
        visits_per_minute: How often one address may open the workbench; 0: as often as it likes.
        proxy_header: Header in which a proxy says who asked it; empty: nobody is believed.
        proxies: How many proxies add an entry each to that header; the entry of the outermost counts.
        request_log: Whether questions are logged.
        data: Folder of the annotations: copied images, backups, and the database unless it is elsewhere.
        database_url: Address of a PostgreSQL database for the annotations, with its password; empty: a file
            in `data`.
    """

    model_config = SettingsConfigDict(
        case_sensitive=True, enable_decoding=False, env_ignore_empty=True, frozen=True, validate_default=False
    )

    on_space: Annotated[bool, BeforeValidator(bool)] = Field(False, alias="SPACE_ID")
    samples: Path = Field(ROOT / "samples", alias="CRR_SAMPLES")
    model_bytes: Enough = Field(
        default_factory=_other_on_a_space(2048 * MEGABYTE, 1024 * MEGABYTE), alias="CRR_MODEL_MEMORY_MB"
    )
    session_bytes: Megabytes = Field(256 * MEGABYTE, alias="CRR_SESSION_MEMORY_MB")
    upload_bytes: Megabytes = Field(
        default_factory=_other_on_a_space(1024 * MEGABYTE, 512 * MEGABYTE), alias="CRR_UPLOAD_MEMORY_MB"
    )
    result_bytes: Megabytes = Field(
        default_factory=_other_on_a_space(1024 * MEGABYTE, 256 * MEGABYTE), alias="CRR_RESULT_MEMORY_MB"
    )
    image_bytes: Enough = Field(
        default_factory=_other_on_a_space(3072 * MEGABYTE, 1024 * MEGABYTE), alias="CRR_IMAGE_MEMORY_MB"
    )
    normals_bytes: Megabytes = Field(384 * MEGABYTE, alias="CRR_NORMALS_MEMORY_MB")
    encoder_bytes: Annotated[Limit, InBytes] = Field(
        default_factory=_other_on_a_space(0, 4096 * MEGABYTE), alias="CRR_ENCODER_DISK_MB"
    )
    pulled_bytes: Annotated[Limit, InBytes] = Field(
        default_factory=_other_on_a_space(0, 4096 * MEGABYTE), alias="CRR_PULLED_DISK_MB"
    )
    max_batch: Positive = Field(200, alias="CRR_MAX_BATCH")
    allow_folders: Switch[bool | None] = Field(None, alias="CRR_ALLOW_FOLDERS")
    allowed_models: Patterns = Field(("*",), alias="CRR_ALLOWED_MODELS")
    share_token: Switch[bool] = Field(False, alias="CRR_SHARE_TOKEN")
    questions_per_minute: Limit = Field(
        default_factory=_other_on_a_space(0, 120), alias="CRR_QUESTIONS_PER_MINUTE"
    )
    visits_per_minute: Limit = Field(default_factory=_other_on_a_space(0, 60), alias="CRR_VISITS_PER_MINUTE")
    proxy_header: HeaderName = Field(
        default_factory=_other_on_a_space("", "X-Forwarded-For"), alias="CRR_PROXY_HEADER"
    )
    proxies: Positive = Field(1, alias="CRR_PROXIES")
    request_log: Switch[bool] = Field(False, alias="CRR_REQUEST_LOG")
    data: DataFolder = Field(
        default_factory=_other_on_a_space(user_data_path("crr-workbench", appauthor=False), Path("/data")),
        alias="CRR_DATA",
    )
    database_url: str = Field("", alias="CRR_DATABASE_URL", repr=False)

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
            headers: Headers of the request.
        """
        if self.on_space:
            return False
        if self.allow_folders is not None:
            return self.allow_folders
        if visitor is not None or any(name in headers for name in PROXY_HEADERS):
            return False
        host, page = headers.get("Host", ""), headers.get("Origin", "").partition("://")[2]
        # With the port: another program's page on this machine is somebody else.
        return host == page and _without_port(host) in LOCAL_HOSTS


class StartSettings(Settings):
    """Every variable that means something, also those that only `deploy/start.sh` and `crr` use.

    Attributes:
        checkpoints: Folder of the models that come with the workbench. `crr` reads the variable by itself, so
            that its command finds the same.
        max_upload_mb: The largest file that can be uploaded, in megabytes, as Streamlit wants it.
        allowed_hosts: Names by which the workbench may be asked for, with commas between; `*` for all.
        port: Where `deploy/start.sh` listens.
        address: Where `deploy/start.sh` listens.
        sign_in_provider: Address of a provider of OpenID Connect; empty: nobody signs in.
        sign_in_client: What the provider calls this workbench.
        sign_in_secret: What proves it to the provider.
        sign_in_address: Address by which browsers reach this workbench.
    """

    checkpoints: Folder = Field(ROOT / "checkpoints", alias="CRR_CHECKPOINTS")
    max_upload_mb: Positive = Field(default_factory=_other_on_a_space(200, 64), alias="CRR_MAX_UPLOAD_MB")
    allowed_hosts: HostNames = Field("*", alias="CRR_ALLOWED_HOSTS")
    port: Port = Field(8501, alias="PORT")
    address: str = Field("0.0.0.0", alias="ADDRESS")
    sign_in_provider: Address = Field("", alias="CRR_SIGN_IN_PROVIDER")
    sign_in_client: str = Field("", alias="CRR_SIGN_IN_CLIENT")
    sign_in_secret: str = Field("", alias="CRR_SIGN_IN_SECRET", repr=False)
    sign_in_address: Address = Field("", alias="CRR_SIGN_IN_ADDRESS")

    @property
    def max_upload_bytes(self) -> int:
        """The largest file that can be uploaded, in bytes."""
        return self.max_upload_mb * MEGABYTE


VARIABLES = tuple(sorted(str(field.alias) for field in StartSettings.model_fields.values()))
"""All names that mean something here."""

Kind = TypeVar("Kind", bound=Settings)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables; raises `ConfigError` naming the variable that is wrong."""
    return read_as(Settings, environment)


@cache
def settings() -> Settings:
    """The settings of this process."""
    return read_settings(os.environ)


@cache
def start_settings() -> StartSettings:
    """The settings of this process, with those that only its start needs."""
    return read_as(StartSettings, os.environ)


def read_as(kind: type[Kind], environment: Mapping[str, str]) -> Kind:
    """Settings of a kind from environment variables; raises `ConfigError` naming the wrong one."""
    source = EnvSettingsSource(kind)
    source.env_vars = parse_env_vars(environment, source.case_sensitive, source.env_ignore_empty)
    # Else this process's own environment is read besides. The argument is pydantic-settings' own (2.16).
    alone: dict[str, Any] = {"_build_sources": ((source,), {})}
    try:
        return kind(**alone)
    except ValidationError as error:
        first = error.errors()[0]
        name, *part = first["loc"]
        [advice] = [field.description for field in kind.model_fields.values() if field.alias == name]
        given = f"{'holds' if part else 'is'} {str(first['input'])!r:.80}"
        raise ConfigError(f"{name} {given}; {advice}.") from None


def _without_port(host: str) -> str:
    return re.sub(r":\d+$", "", host)
