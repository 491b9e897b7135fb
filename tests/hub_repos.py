"""What the small Hub of the tests holds, and what goes wrong with it."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import yaml

LARGE = (".safetensors", ".jpg")
TOKEN = "hf_loopback"
LICENCES = ["apache-2.0", "cc-by-4.0", "mit", "other"]  # the Hub knows some more
DATE = "2026-01-02T03:04:05.000Z"


@dataclass
class Commit:
    """Files of one commit."""

    sha: str
    files: dict[str, bytes]
    title: str = ""


@dataclass
class Repo:
    """A model repository.

    Attributes:
        told: What is told of its card in place of the metadata that stand in it, which may be no YAML at all.
    """

    name: str
    private: bool = False
    gated: bool = False
    told: dict[str, Any] | None = None
    commits: list[Commit] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes], title: str = "Change") -> str:
        """Add a commit; returns its id."""
        content = json.dumps([self.name, len(self.commits), sorted(files)]).encode()
        sha = hashlib.sha1(content + b"".join(files[name] for name in sorted(files))).hexdigest()
        self.commits.append(Commit(sha, files, title))
        return sha

    def at(self, revision: str) -> Commit | None:
        """The commit that a revision means."""
        if revision == "main":
            return self.commits[-1] if self.commits else None
        wanted = self.tags.get(revision, revision)
        return next((one for one in self.commits if one.sha.startswith(wanted) and len(wanted) >= 7), None)


@dataclass
class Fault:
    """What goes wrong, in requests whose "METHOD path" holds a text; `times` of them.

    Attributes:
        where: The text.
        status: Answer with this status.
        headers: And these headers.
        hang: Seconds until anything is answered; 0 lets also what waits already go on.
        cut: Break off the body after so many bytes.
        corrupt: Turn the body's byte at this place.
        ranges: Whether a part of a file can be asked for.
        pause: Seconds between blocks of the body, sent or taken; 0 lets also what is on its way go on.
    """

    where: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    hang: float = 0
    cut: int | None = None
    corrupt: int | None = None
    ranges: bool = True
    pause: float = 0
    times: int = 1_000_000


def listed(repo: Repo, commit: Commit) -> dict[str, Any]:
    """A repository as a search tells of it."""
    card = metadata(commit.files.get("README.md", b"")) if repo.told is None else repo.told
    tags = [*card.get("tags", []), *filter(None, [card.get("library_name")])]
    if card.get("license"):
        tags.append(f"license:{card['license']}")
    return {
        "id": repo.name,
        "modelId": repo.name,
        "sha": commit.sha,
        "private": repo.private,
        "gated": "auto" if repo.gated else False,
        "downloads": 3,
        "likes": 0,
        "lastModified": DATE,
        "tags": tags,
        "library_name": card.get("library_name"),
        "cardData": card,
    }


def metadata(card: bytes) -> dict[str, Any]:
    _, _, rest = card.decode().partition("---\n")
    head: dict[str, Any] = yaml.safe_load(rest.partition("\n---")[0]) or {}
    return head


def described(name: str, content: bytes) -> dict[str, Any]:
    said: dict[str, Any] = {
        "rfilename": name,
        "size": len(content),
        "blobId": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(),
    }
    if name.endswith(LARGE):
        digest = hashlib.sha256(content).hexdigest()
        said["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 134}
    return said


def reference(kind: str, name: str, sha: str) -> dict[str, str]:
    return {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": sha}
