"""What goes wrong with the Hub, as sentences that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from crr.errors import HubError
from crr.hub.names import HubName

LOG_IN = "log in (hf auth login), or set HF_TOKEN"
_LONGEST = 300  # signs of what the Hub says itself
KEPT = " What has arrived is kept."


@contextmanager
def translated_errors(name: HubName | None, endpoint: str, consolation: str = "") -> Iterator[None]:
    """Every error of the client becomes a `HubError`; what it holds of tokens is not repeated.

    Args:
        name: What was asked for; None for a search.
        endpoint: Address of the Hub.
        consolation: Said too where the network fails.
    """
    asked = name or HubName("a search")
    try:
        yield
    except GatedRepoError as error:
        then = "use a token that has it" if _has_token(error) else f"then {LOG_IN}"
        raise HubError(f"{asked.repo} is gated: ask for access on {endpoint}/{asked.repo}, {then}.") from None
    except RepositoryNotFoundError as error:
        then = "use a token that may see it" if _has_token(error) else LOG_IN
        raise HubError(
            f"There is no model {asked.repo} on {endpoint}, or it is private: check the name; "
            f"if it is private, {then}."
        ) from None
    except RevisionNotFoundError:
        raise HubError(
            f"{asked.repo} has no revision {asked.revision}: name a branch, a tag or a commit."
        ) from None
    except HFValidationError:
        raise HubError(f"{asked} is no name on the Hub: write OWNER/NAME or OWNER/NAME@REVISION.") from None
    except LocalTokenNotFoundError:
        raise HubError(f"This needs a token: {LOG_IN}.") from None
    except OfflineModeIsEnabled:
        raise HubError(no_network(f"ask about {asked}")) from None
    except HfHubHTTPError as error:
        raise HubError(_of_status(error, asked, endpoint)) from None
    except ImportError as error:  # a proxy of a kind that needs another package
        raise HubError(f"{error} Or unset ALL_PROXY.") from None
    except httpx2.TimeoutException:
        raise HubError(no_answer(endpoint) + consolation) from None
    except httpx2.HTTPError:
        raise HubError(
            f"{endpoint} cannot be reached, or broke off. Check the network and try again; "
            f"models that are on this machine work without it.{consolation}"
        ) from None


@contextmanager
def translated_http(endpoint: str) -> Iterator[None]:
    """An answer that the client cannot make sense of becomes a `HubError`."""
    try:
        yield
    except UnicodeEncodeError:
        raise HubError(f"The token for the Hub holds signs that no token has: {LOG_IN} again.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HubError(f"{endpoint} answers, but not as a Hub does. Check HF_ENDPOINT.") from error


@contextmanager
def translated_disk(name: HubName) -> Iterator[None]:
    """A disk that refuses what has arrived becomes a `HubError`."""
    try:
        yield
    except TimeoutError:  # of somebody who waits for a lock
        raise
    except OSError as error:
        raise HubError(
            f"{name} cannot be written ({error.strerror or error}). Make room on the disk, or set HF_HOME to "
            "a folder that can be written to."
        ) from None


def no_network(purpose: str) -> str:
    """The sentence where HF_HUB_OFFLINE forbids to ask; `purpose` is what cannot be done."""
    return f"HF_HUB_OFFLINE forbids to ask the Hub. Unset it to {purpose}."


def no_answer(endpoint: str) -> str:
    """The sentence where nothing comes."""
    return f"{endpoint} does not answer. Try again later."


def _has_token(error: HfHubHTTPError) -> bool:
    """Whether a token was sent with what was refused."""
    return "authorization" in error.response.request.headers


def _of_status(error: HfHubHTTPError, name: HubName, endpoint: str) -> str:
    status = error.response.status_code
    if status == 401 and not _has_token(error):
        return f"This needs a token: {LOG_IN}."
    if status == 401:
        return f"{endpoint} does not accept the token: {LOG_IN} with a valid one."
    reason = f"{error.server_message or '':.{_LONGEST}}".strip()
    if status == 403:
        reason = reason or "the token lacks the right to it."
        return f"{endpoint} does not allow this for {name.repo}: {reason}"
    if status == 429:
        wait = error.response.headers.get("Retry-After", "")
        when = f"in {wait} seconds" if wait.isdecimal() else "in a few minutes"
        return f"{endpoint} had too many requests from here: try again {when}."
    if status >= 500:
        return f"{endpoint} is out of order ({status}): try again later."
    return f"{endpoint} refused the request for {name.repo} ({status}). {reason}".strip()
