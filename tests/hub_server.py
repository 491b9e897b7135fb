"""A small Hugging Face Hub on this machine: what the real client asks for, answered over real HTTP.

It keeps model repositories with their commits in memory, takes uploads as the Hub does (preupload, large
files by LFS batch and PUT, one commit), and can be told to fail in the ways that networks and servers do.
"""

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from huggingface_hub import constants

from crr.card_metadata import metadata_of

LARGE = (".safetensors", ".jpg")
TOKEN = "hf_loopback"
LICENCES = ["apache-2.0", "cc-by-4.0", "mit", "other"]  # the Hub knows some more
_DATE = "2026-01-02T03:04:05.000Z"
_BLOCK = 64 * 1024


@dataclass
class Commit:
    """Files of one commit."""

    sha: str
    files: dict[str, bytes]


@dataclass
class Repo:
    """A model repository."""

    name: str
    private: bool = False
    gated: bool = False
    commits: list[Commit] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes]) -> str:
        """Add a commit; returns its id."""
        content = json.dumps([self.name, len(self.commits), sorted(files)]).encode()
        sha = hashlib.sha1(content + b"".join(files[name] for name in sorted(files))).hexdigest()
        self.commits.append(Commit(sha, files))
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
        hang: Seconds until anything is answered.
        cut: Break off the body after so many bytes.
        corrupt: Turn the body's byte at this place.
        pause: Seconds between blocks of the body, sent or taken; 0 lets also what is on its way go on.
    """

    where: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    hang: float = 0
    cut: int | None = None
    corrupt: int | None = None
    pause: float = 0
    times: int = 1_000_000


class HubServer(ThreadingHTTPServer):
    """The server.

    Attributes:
        repos: By name.
        faults: What is to go wrong.
        requests: "METHOD path" of all that came.
        tokens: What came as authorization.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos: dict[str, Repo] = {}
        self.large: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.tokens: list[str] = []

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, name: str, files: dict[str, bytes], **options: bool) -> str:
        """A repository with one commit, or one more commit of it; returns its id."""
        repo = self.repos.setdefault(name, Repo(name, **options))
        return repo.commit(files)

    def fault(self, line: str) -> Fault | None:
        """The fault that hits a request."""
        for fault in self.faults:
            if fault.where in line and fault.times > 0:
                fault.times -= 1
                return fault
        return None


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """A server that runs while the block does."""
    server = HubServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def the_only_hub(monkeypatch: pytest.MonkeyPatch, assets: Path) -> Iterator[HubServer]:
    """A server that the client in this process takes for the Hub; what it keeps goes into `assets`."""
    with hub_server() as server:
        urls = server.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", server.endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", urls)  # made of it at import
        monkeypatch.setattr(constants, "HF_ASSETS_CACHE", str(assets))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # large files go as the server takes them
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield server


class _Answer(Exception):  # noqa: N818  (no error: it ends a request early)
    def __init__(self, status: int, code: str = "", **headers: str) -> None:
        self.status = status
        self.headers = {"X-Error-Code": code, **headers} if code else headers


class _Handler(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._respond()

    def do_HEAD(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def do_PUT(self) -> None:
        self._respond()

    def _respond(self) -> None:
        line = f"{self.command} {self.path}"
        self.server.requests.append(line)
        self.server.tokens.append(self.headers.get("Authorization", ""))
        fault = self.server.fault(line)
        self._body = self._taken(fault) or self._chunks()
        if fault is not None and fault.hang:
            time.sleep(fault.hang)
        try:
            if fault is not None and fault.status:
                raise _Answer(fault.status, **fault.headers)
            self._route(fault)
        except _Answer as answer:
            self._send(answer.status, b"", answer.headers)

    def _taken(self, fault: Fault | None) -> bytes:
        content = b""
        while left := int(self.headers.get("Content-Length") or 0) - len(content):
            block = self.rfile.read(min(left, _BLOCK))
            if not block:  # who sends has gone
                break
            content += block
            if fault is not None:
                time.sleep(fault.pause)
        return content

    def _chunks(self) -> bytes:
        content = b""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().strip() or b"0", 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        return content

    def _route(self, fault: Fault | None) -> None:
        path = unquote(urlsplit(self.path).path)
        for pattern, act in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found is not None:
                act(self, fault, *found.groups())
                return
        raise _Answer(404)

    def _repo(self, name: str) -> Repo:
        repo = self.server.repos.get(name)
        allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if repo is None or (repo.private and not allowed):
            raise _Answer(404 if allowed else 401, "RepoNotFound")
        return repo

    def _commit(self, name: str, revision: str, *, content: bool = False) -> tuple[Repo, Commit]:
        repo = self._repo(name)
        if content and repo.gated and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise _Answer(403, "GatedRepo")
        found = repo.at(revision)
        if found is None:
            raise _Answer(404, "RevisionNotFound")
        return repo, found

    def _info(self, _: Fault | None, name: str, revision: str | None) -> None:
        repo, commit = self._commit(name, revision or "main")
        self._json(_listed(repo, commit) | {"siblings": [_sibling(*file) for file in commit.files.items()]})

    def _search(self, _: Fault | None) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        word = asked.get("search", [""])[0].lower()
        rows = [
            _listed(repo, repo.commits[-1])
            for repo in self.server.repos.values()
            if repo.commits and not repo.private and word in repo.name.lower()
        ]
        wanted = asked.get("filter", [])
        self._json([row for row in rows if all(tag in row["tags"] for tag in wanted)])

    def _resolve(self, fault: Fault | None, name: str, revision: str, file: str) -> None:
        _, commit = self._commit(name, revision, content=True)
        if file not in commit.files:
            raise _Answer(404, "EntryNotFound")
        content = commit.files[file]
        described = _sibling(file, content)
        etag = described["lfs"]["sha256"] if "lfs" in described else described["blobId"]
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": commit.sha, "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted else 0
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._send(206 if start else 200, content[start:], headers, fault)

    def _create(self, _: Fault | None) -> None:
        self._needs_token()
        asked = json.loads(self._body)
        name = f"{asked.get('organization') or 'loopback'}/{asked['name']}"
        known = {"url": f"{self.server.endpoint}/{name}", "name": name, "id": name}
        if name in self.server.repos:
            self._json(known, status=409)
            return
        private = bool(asked.get("private")) or asked.get("visibility") == "private"
        self.server.repos[name] = Repo(name, private=private)
        self.server.repos[name].commit({".gitattributes": b"*.safetensors filter=lfs\n"})  # as the Hub does
        self._json(known)

    def _preupload(self, _: Fault | None, name: str, _revision: str) -> None:
        self._needs_token()
        self._repo(name)
        files = json.loads(self._body)["files"]
        modes = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                "shouldIgnore": False,
            }
            for file in files
        ]
        self._json({"files": modes})

    def _batch(self, _: Fault | None, _name: str) -> None:
        self._needs_token()
        objects = [
            one
            if one["oid"] in self.server.large
            else one
            | {"actions": {"upload": {"href": f"{self.server.endpoint}/lfs/{one['oid']}", "header": {}}}}
            for one in json.loads(self._body)["objects"]
        ]
        self._json({"transfer": "basic", "objects": objects})

    def _put(self, _: Fault | None, oid: str) -> None:
        if hashlib.sha256(self._body).hexdigest() != oid:
            raise _Answer(422)
        self.server.large[oid] = self._body
        self._send(200, b"", {})

    def _take_commit(self, _: Fault | None, name: str, _revision: str) -> None:
        self._needs_token()
        repo = self._repo(name)
        files = dict(repo.commits[-1].files) if repo.commits else {}
        for line in self._body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.server.large[value["oid"]]
            elif entry["key"] == "deletedFolder":
                files = {path: one for path, one in files.items() if not path.startswith(value["path"])}
            elif entry["key"] == "deletedFile":
                files.pop(value["path"], None)
        sha = repo.commit(files)
        self._json(
            {"success": True, "commitOid": sha, "commitUrl": f"{self.server.endpoint}/{name}/commit/{sha}"}
        )

    def _refs(self, _: Fault | None, name: str) -> None:
        repo = self._repo(name)
        branches = [("main", repo.commits[-1].sha)] if repo.commits else []
        self._json(
            {
                "branches": [_ref("heads", *branch) for branch in branches],
                "tags": [_ref("tags", *tag) for tag in repo.tags.items()],
                "converts": [],
            }
        )

    def _validate(self, _: Fault | None) -> None:
        licence = _metadata(json.loads(self._body)["content"].encode()).get("license")
        wrong = [] if licence in LICENCES else [{"message": f'"license" must be one of {LICENCES}'}]
        self._json({"errors": wrong, "warnings": []}, status=400 if wrong else 200)

    def _needs_token(self) -> None:
        given = self.headers.get("Authorization", "")
        if given != f"Bearer {TOKEN}":
            raise _Answer(403 if given else 401)

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, content: bytes, headers: dict[str, str], fault: Fault | None = None) -> None:
        if fault is not None and fault.corrupt is not None and fault.corrupt < len(content):
            content = (
                content[: fault.corrupt] + bytes([content[fault.corrupt] ^ 1]) + content[fault.corrupt + 1 :]
            )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        end = len(content) if fault is None or fault.cut is None else min(fault.cut, len(content))
        try:
            for start in range(0, end, _BLOCK):
                self.wfile.write(content[start : min(end, start + _BLOCK)])
                if fault is not None and fault.pause:
                    self.wfile.flush()
                    time.sleep(fault.pause)
        except OSError:  # who asked has gone
            self.close_connection = True
            return
        if end < len(content):
            self.close_connection = True
            self.connection.close()


def _listed(repo: Repo, commit: Commit) -> dict[str, Any]:
    card = _metadata(commit.files.get("README.md", b""))
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
        "lastModified": _DATE,
        "tags": tags,
        "library_name": card.get("library_name"),
        "cardData": card,
    }


def _metadata(card: bytes) -> dict[str, Any]:
    return metadata_of(card.decode())


def _sibling(name: str, content: bytes) -> dict[str, Any]:
    described: dict[str, Any] = {
        "rfilename": name,
        "size": len(content),
        "blobId": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(),
    }
    if name.endswith(LARGE):
        digest = hashlib.sha256(content).hexdigest()
        described["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 134}
    return described


def _ref(kind: str, name: str, sha: str) -> dict[str, str]:
    return {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": sha}


_NAME = r"([\w.-]+/[\w.-]+)"
_ROUTES: list[tuple[str, Callable[..., None]]] = [
    ("/api/models", _Handler._search),
    (f"/api/models/{_NAME}/refs", _Handler._refs),
    (f"/api/models/{_NAME}/preupload/(.+)", _Handler._preupload),
    (f"/api/models/{_NAME}/commit/(.+)", _Handler._take_commit),
    (f"/api/models/{_NAME}(?:/revision/(.+))?", _Handler._info),
    ("/api/repos/create", _Handler._create),
    ("/api/validate-yaml", _Handler._validate),
    (rf"/{_NAME}\.git/info/lfs/objects/batch", _Handler._batch),
    ("/lfs/([0-9a-f]{64})", _Handler._put),
    (f"/{_NAME}/resolve/([^/]+)/(.+)", _Handler._resolve),
]
