"""Names of models on the Hugging Face Hub: OWNER/NAME, or OWNER/NAME@REVISION."""

import re
from dataclasses import dataclass

_FORM = re.compile(
    r"(?P<repo>(?!-)[\w.-]{1,96}/(?!-)[\w.-]{1,96})(@(?P<revision>[\w][\w./+#-]{0,199}))?", re.ASCII
)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHORT = 7


def is_commit(text: str) -> bool:
    """Whether a text is a whole commit."""
    return _COMMIT.fullmatch(text) is not None


@dataclass(frozen=True)
class HubName:
    """A model on the Hub.

    Attributes:
        repo: OWNER/NAME.
        revision: A branch, a tag, or the first digits of a commit; None for the newest on the main branch.
    """

    repo: str
    revision: str | None = None

    @staticmethod
    def parse(text: str) -> "HubName | None":
        """The name in a text: OWNER/NAME or OWNER/NAME@REVISION; None if it has not that form."""
        found = _FORM.fullmatch(text)
        if found is None or ".." in text or any(part in (".", "..") for part in text.split("/")):
            return None
        return HubName(found["repo"], found["revision"])

    def means(self, commit: str) -> bool:
        """Whether the revision is this commit, or enough of its first digits: then it is no other one."""
        return self.revision is not None and len(self.revision) >= _SHORT and commit.startswith(self.revision)

    def at(self, commit: str) -> "HubName":
        """The same model at a commit, as it is shown: with the commit's first digits."""
        return HubName(self.repo, commit[:_SHORT])

    def __str__(self) -> str:
        """The name as people write it."""
        return self.repo if self.revision is None else f"{self.repo}@{self.revision}"
