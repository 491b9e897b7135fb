"""What goes wrong with the Hub, as sentences that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from huggingface_hub import get_token
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

_TOKEN = "log in (hf auth login), or set HF_TOKEN"


@contextmanager
def explained(name: HubName, endpoint: str) -> Iterator[None]:
    """Every error of the client becomes a `HubError`; what it holds of tokens is not repeated.

    Args:
        name: What was asked for.
        endpoint: Address of the Hub.
    """
    try:
        yield
    except GatedRepoError:
        raise HubError(
            f"{name.repo} is gated: ask for access on {endpoint}/{name.repo}, then {_TOKEN}."
        ) from None
    except RepositoryNotFoundError:
        raise HubError(
            f"There is no model {name.repo} on {endpoint}, or it is private: check the name; "
            f"if it is private, {_TOKEN}."
        ) from None
    except RevisionNotFoundError:
        raise HubError(
            f"{name.repo} has no revision {name.revision}: name a branch, a tag or a commit."
        ) from None
    except HFValidationError:
        raise HubError(f"{name} is no name on the Hub: write OWNER/NAME or OWNER/NAME@REVISION.") from None
    except LocalTokenNotFoundError:
        raise HubError(f"This needs a token: {_TOKEN}.") from None
    except OfflineModeIsEnabled:
        raise HubError(offline(name)) from None
    except HfHubHTTPError as error:
        raise HubError(_of_status(error, name, endpoint)) from None
    except httpx2.TimeoutException:
        raise HubError(silent(endpoint)) from None
    except httpx2.HTTPError:
        raise HubError(
            f"{endpoint} cannot be reached, or broke off. Check the network and try again; "
            "what has arrived is kept, and models that are on this machine work without it."
        ) from None
    except OSError as error:
        raise HubError(
            f"{name} cannot be written ({error.strerror or error}). Make room on the disk, or set HF_HOME to "
            "a folder that can be written to."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise HubError(f"{endpoint} answers, but not as a Hub does. Check HF_ENDPOINT.") from None


def offline(name: HubName) -> str:
    """The sentence where HF_HUB_OFFLINE forbids to ask."""
    return (
        f"{name} is not on this machine, and HF_HUB_OFFLINE forbids to ask the Hub. Unset it, and try again."
    )


def silent(endpoint: str) -> str:
    """The sentence where nothing comes."""
    return f"{endpoint} does not answer. Try again later; what has arrived is kept."


def _of_status(error: HfHubHTTPError, name: HubName, endpoint: str) -> str:
    status = error.response.status_code
    if status == 401 and not get_token():
        return f"This needs a token: {_TOKEN}."
    if status == 401:
        return f"{endpoint} does not accept the token: {_TOKEN} with a valid one."
    if status == 403:
        return f"{endpoint} does not allow this for {name.repo}: the token lacks the right to it."
    if status == 429:
        wait = error.response.headers.get("Retry-After", "")
        when = f"in {wait} seconds" if wait.isdecimal() else "in a few minutes"
        return f"{endpoint} had too many requests from here: try again {when}."
    if status >= 500:
        return f"{endpoint} is out of order ({status}): try again later."
    return f"{endpoint} refused the request for {name.repo} ({status})."
