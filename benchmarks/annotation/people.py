"""Twenty people who review at once, over HTTP, beside a real model: errors, lost saves, and memory.

    python -m benchmarks.annotation.people [--people 20] [--minutes 5]

Each takes the next image, looks at picture and answer, sends three drafts and a save. Afterwards all that was
acknowledged is looked for. The service runs in a process of its own, with the samples many times over.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from workbench.annotation.store import open_store

IMAGES = 400
_SETTLED = 30  # seconds until memory is looked at first


def main() -> int:
    """Serve, review, look, and print; 1 if something was lost or failed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--people", type=int, default=20)
    arguments.add_argument("--minutes", type=float, default=5)
    arguments.add_argument("--serve", action="store_true", help="what runs in the other process")
    chosen = arguments.parse_args()
    if chosen.serve:
        return _serve(chosen.people)
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "CRR_DATA": folder, "CRR_DATABASE_URL": ""}
        command = [
            sys.executable,
            "-m",
            "benchmarks.annotation.people",
            "--serve",
            "--people",
            str(chosen.people),
        ]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            told = json.loads(server.stdout.readline())
            ends = time.monotonic() + 60 * chosen.minutes
            with ThreadPoolExecutor(chosen.people + 1) as pool:
                watched = pool.submit(_watch, server.pid, ends)
                done = list(pool.map(lambda ticket: _review(told["address"], ticket, ends), told["tickets"]))
            levels = watched.result()
            server.terminate()
        return _tell(Path(folder), done, levels)


def _serve(people: int) -> int:
    """The review service and nothing else, with a ticket a person."""
    import uvicorn
    from starlette.applications import Starlette

    from workbench.annotation.importing.bringing import make_of
    from workbench.annotation.importing.contents import Content, read_contents
    from workbench.annotation.records import NewProject
    from workbench.review_service.routes import PREFIX, review_routes
    from workbench.views.shared.services import services

    store = services().annotations
    images = (Content(name, content, None, "") for name, content in _images())
    project, _ = make_of(
        store.database, NewProject("Crowd", ["crr-embedded"]), read_contents(images, store.blobs)
    )
    who = [store.people.named(f"Person {number}") for number in range(people)]
    tickets = [services().tickets.issue(person, project.id) for person in who]
    app = Starlette(routes=review_routes(lambda: services().review, services().tickets))
    with socket.create_server(("127.0.0.1", 0)) as waiting:  # whoever comes before it answers is kept
        address = f"http://127.0.0.1:{waiting.getsockname()[1]}{PREFIX}"
        print(json.dumps({"address": address, "tickets": tickets}), flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[waiting])
    return 0


def _images() -> Iterator[tuple[str, bytes]]:
    """The samples, each a little noisier every time, so that all differ."""
    from crr.data.images import decode
    from workbench.inspection.samples import read_samples
    from workbench.settings import settings

    samples = read_samples(settings().samples).values()
    photos = [decode(sample.path, str(sample.path))[..., ::-1] for sample in samples]
    random = np.random.default_rng(0)
    for number in range(IMAGES):
        photo = photos[number % len(photos)].astype(np.int16)
        noisy = np.clip(photo + random.integers(-2, 3, photo.shape), 0, 255).astype(np.uint8)
        yield f"{number:04}.jpg", cv2.imencode(".jpg", noisy)[1].tobytes()


class _Person:
    """One person: what was told as saved, and how long each question took."""

    def __init__(self, address: str, ticket: str) -> None:
        self._address, self._ticket = address, ticket
        self.saved: list[int] = []
        self.failed: list[str] = []
        self.times: list[tuple[str, float]] = []

    def ask(self, what: str, **message: object) -> dict[str, object]:
        """The answer to a question; an error is noted and raised."""
        return json.loads(self._send(what, json.dumps(message).encode()))

    def look(self, item: object) -> None:
        """Bring a picture."""
        self._send(f"picture/{item}", None)

    def _send(self, what: str, content: bytes | None) -> bytes:
        begun = time.perf_counter()
        request = urllib.request.Request(
            f"{self._address}/{what}", content, {"X-Review-Ticket": self._ticket}
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                body: bytes = answer.read()
        except OSError as error:
            self.failed.append(f"{what}: {error}")
            raise
        self.times.append((what.split("/")[0], 1000 * (time.perf_counter() - begun)))
        return body


def _review(address: str, ticket: str, ends: float) -> _Person:
    """Review until the end; an image that is reviewed already is reviewed again."""
    person = _Person(address, ticket)
    attempt = 0
    while time.monotonic() < ends:
        try:
            shown = person.ask("next", order="random", states=["left"])
            if shown["item"] is None:
                shown = person.ask("next", order="random", states=[], seed=attempt % 50)
            item = shown["item"]
            person.ask("progress")
            person.look(item)
            person.ask("answers", item=item)
            stroke = {"tool": "brush", "size": 9, "points": [[40 + attempt % 90, 50], [80, 90]]}
            drawn = {"judgement": "defective", "regions": [{"category": "defect", "strokes": [stroke]}]}
            for clock in range(3):
                person.ask("keep", item=item, base=None, clock=10 * attempt + clock, drawn=drawn)
            base = shown["revision"]["id"] if isinstance(shown["revision"], dict) else None
            attempt += 1
            saved = person.ask(
                "save", item=item, base=base, attempt=f"{ticket[:20]}-{attempt:06}", drawn=drawn
            )
            person.saved.append(saved["revision"]["id"])  # type: ignore[index]
        except OSError:
            continue  # noted
    return person


def _watch(process: int, ends: float) -> list[int]:
    """Bytes of memory of the service, once a second; of Linux."""
    levels = []
    while time.monotonic() < ends:
        pages = Path(f"/proc/{process}/statm").read_text().split()[1]
        levels.append(int(pages) * os.sysconf("SC_PAGE_SIZE"))
        time.sleep(1)
    return levels


def _tell(folder: Path, done: list[_Person], levels: list[int]) -> int:
    store = open_store(folder)
    told = [number for person in done for number in person.saved]
    kept = store.reviews.many(told)
    store.close()
    lost = [number for number in told if number not in kept]
    failed = [sentence for person in done for sentence in person.failed]
    print(f"{len(done)} people, {len(told):,} saves acknowledged, {len(lost)} lost, {len(failed)} errors")
    for sentence, count in Counter(failed).most_common(3):
        print(f"  {count} x {sentence}")
    kinds: dict[str, list[float]] = {}
    for person in done:
        for what, milliseconds in person.times:
            kinds.setdefault(what, []).append(milliseconds)
    for what, times in sorted(kinds.items()):
        print(f"  {what}: {median(times):.0f} ms, slowest {max(times):.0f} ms, {len(times):,} times")
    settled = levels[min(_SETTLED, len(levels) - 1) :]
    print(f"  memory: {settled[0] / 1e6:.0f} MB after {_SETTLED} s, at most {max(settled) / 1e6:.0f} MB")
    return 1 if lost or failed else 0


if __name__ == "__main__":
    sys.exit(main())
