"""What the small Hub of the tests answers to a request."""

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.hub_repos import (
    DATE,
    LARGE,
    LICENCES,
    TOKEN,
    Commit,
    Fault,
    Repo,
    described,
    listed,
    metadata,
    reference,
)

if TYPE_CHECKING:
    from tests.hub_server import HubServer

_BLOCK = 64 * 1024


class _Answer(Exception):  # noqa: N818  (no error: it ends a request early)
    def __init__(self, status: int, code: str = "", **headers: str) -> None:
        self.status = status
        self.headers = {"X-Error-Code": code, **headers} if code else headers


class Handler(BaseHTTPRequestHandler):
    server: "HubServer"
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
        self._fault = fault = self.server.fault(line) or Fault("")
        self._body = self._taken() or self._chunks()
        asked = time.monotonic()
        while time.monotonic() < asked + fault.hang:
            time.sleep(0.02)
        try:
            if fault.status:
                raise _Answer(fault.status, **fault.headers)
            self._route()
        except _Answer as answer:
            self._send(answer.status, b"", answer.headers)

    def _taken(self) -> bytes:
        content = b""
        while left := int(self.headers.get("Content-Length") or 0) - len(content):
            block = self.rfile.read(min(left, _BLOCK))
            if not block:  # who sends has gone
                break
            content += block
            time.sleep(self._fault.pause)
        return content

    def _chunks(self) -> bytes:
        content = b""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().strip() or b"0", 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        return content

    def _route(self) -> None:
        path = unquote(urlsplit(self.path).path).replace("/api/datasets/", "/api/models/datasets/")
        for pattern, act in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found is not None:
                act(self, *found.groups())
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

    def _info(self, name: str, revision: str | None) -> None:
        repo, commit = self._commit(name, revision or "main")
        self._json(listed(repo, commit) | {"siblings": [described(*file) for file in commit.files.items()]})

    def _search(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        word = asked.get("search", [""])[0].lower()
        allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        rows = [
            listed(repo, repo.commits[-1])
            for repo in self.server.repos.values()
            if repo.commits and (allowed or not repo.private) and word in repo.name.lower()
        ]
        wanted = asked.get("filter", [])
        self._json([row for row in rows if all(tag in row["tags"] for tag in wanted)])

    def _resolve(self, name: str, revision: str, file: str) -> None:
        _, commit = self._commit(name, revision, content=True)
        if file not in commit.files:
            raise _Answer(404, "EntryNotFound")
        content = commit.files[file]
        headers = {
            "ETag": f'"{_digest(file, content)}"',
            "X-Repo-Commit": commit.sha,
            "Accept-Ranges": "bytes",
        }
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if self._fault.ranges else None
        start = int(wanted[1]) if wanted else 0
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._send(206 if start else 200, content[start:], headers)

    def _create(self) -> None:
        self._needs_token()
        asked = json.loads(self._body)
        name = f"{asked.get('organization') or 'loopback'}/{asked['name']}"
        if asked.get("type") == "dataset":
            name = f"datasets/{name}"
        known = {"url": f"{self.server.endpoint}/{name}", "name": name, "id": name}
        if name in self.server.repos:
            self._json(known, status=409)
            return
        private = bool(asked.get("private")) or asked.get("visibility") == "private"
        self.server.repos[name] = Repo(name, private=private)
        self.server.repos[name].commit({".gitattributes": b"*.safetensors filter=lfs\n"})  # as the Hub does
        self._json(known)

    def _preupload(self, name: str, _revision: str) -> None:
        self._needs_token()
        repo = self._repo(name)
        there = repo.commits[-1].files if repo.commits else {}
        paths = [file["path"] for file in json.loads(self._body)["files"]]
        modes = [
            {
                "path": path,
                "uploadMode": "lfs" if path.endswith(LARGE) else "regular",
                "shouldIgnore": False,
                "oid": _digest(path, there[path]) if path in there else None,
            }
            for path in paths
        ]
        self._json({"files": modes})

    def _batch(self, _name: str) -> None:
        self._needs_token()
        objects = [
            one
            if one["oid"] in self.server.large
            else one
            | {"actions": {"upload": {"href": f"{self.server.endpoint}/lfs/{one['oid']}", "header": {}}}}
            for one in json.loads(self._body)["objects"]
        ]
        self._json({"transfer": "basic", "objects": objects})

    def _put(self, oid: str) -> None:
        if hashlib.sha256(self._body).hexdigest() != oid:
            raise _Answer(422)
        self.server.large[oid] = self._body
        self._send(200, b"", {})

    def _take_commit(self, name: str, _revision: str) -> None:
        self._needs_token()
        repo = self._repo(name)
        files = dict(repo.commits[-1].files) if repo.commits else {}
        title = ""
        for line in self._body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "header":
                title = value["summary"]
            elif entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.server.large[value["oid"]]
            elif entry["key"] == "deletedFolder":
                files = {path: one for path, one in files.items() if not path.startswith(value["path"])}
            elif entry["key"] == "deletedFile":
                files.pop(value["path"], None)
        sha = repo.commit(files, title)
        self._json(
            {"success": True, "commitOid": sha, "commitUrl": f"{self.server.endpoint}/{name}/commit/{sha}"}
        )

    def _refs(self, name: str) -> None:
        repo = self._repo(name)
        branches = [("main", repo.commits[-1].sha)] if repo.commits else []
        self._json(
            {
                "branches": [reference("heads", *branch) for branch in branches],
                "tags": [reference("tags", *tag) for tag in repo.tags.items()],
                "converts": [],
            }
        )

    def _commits(self, name: str, _revision: str) -> None:
        self._json(
            [
                {"id": one.sha, "title": one.title, "message": "", "date": DATE, "authors": []}
                for one in reversed(self._repo(name).commits)
            ]
        )

    def _validate(self) -> None:
        licence = metadata(json.loads(self._body)["content"].encode()).get("license")
        wrong = [] if licence in LICENCES else [{"message": f'"license" must be one of {LICENCES}'}]
        self._json({"errors": wrong, "warnings": []}, status=400 if wrong else 200)

    def _needs_token(self) -> None:
        given = self.headers.get("Authorization", "")
        if given != f"Bearer {TOKEN}":
            raise _Answer(403 if given else 401)

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        fault = self._fault
        if fault.corrupt is not None and fault.corrupt < len(content):
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
        end = len(content) if fault.cut is None else min(fault.cut, len(content))
        try:
            for start in range(0, end, _BLOCK):
                self.wfile.write(content[start : min(end, start + _BLOCK)])
                if fault.pause:
                    self.wfile.flush()
                    time.sleep(fault.pause)
        except OSError:  # who asked has gone
            self.close_connection = True
            return
        if end < len(content):
            self.close_connection = True
            self.connection.close()


def _digest(name: str, content: bytes) -> str:
    said = described(name, content)
    digest: str = said["lfs"]["sha256"] if "lfs" in said else said["blobId"]
    return digest


_NAME = r"((?:datasets/)?[\w.-]+/[\w.-]+)"  # data sets are kept beside models, under such names
_ROUTES: list[tuple[str, Callable[..., None]]] = [
    ("/api/models", Handler._search),
    (f"/api/models/{_NAME}/refs", Handler._refs),
    (f"/api/models/{_NAME}/commits/(.+)", Handler._commits),
    (f"/api/models/{_NAME}/preupload/(.+)", Handler._preupload),
    (f"/api/models/{_NAME}/commit/(.+)", Handler._take_commit),
    (f"/api/models/{_NAME}(?:/revision/(.+))?", Handler._info),
    ("/api/repos/create", Handler._create),
    ("/api/validate-yaml", Handler._validate),
    (rf"/{_NAME}\.git/info/lfs/objects/batch", Handler._batch),
    ("/lfs/([0-9a-f]{64})", Handler._put),
    (f"/{_NAME}/resolve/([^/]+)/(.+)", Handler._resolve),
]
