"""How long the queue of a large project takes: 50,000 images that were reviewed, each with a marked part.

    python -m benchmarks.annotation.scale [--images 50000] [--database URL]

Prints the median and the slowest of each question. SQLite in a folder of its own, or the PostgreSQL of
--database.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from statistics import median

import numpy as np

from workbench.annotation.importing.bringing import Found, FoundImage, Said, make_of
from workbench.annotation.masks import encode
from workbench.annotation.queue.ordering import ORDERS, Wanted
from workbench.annotation.queue.scores import Score
from workbench.annotation.records import DEFAULT_TAGS, NewImage, NewProject, Project, Region, Review
from workbench.annotation.store import AnnotationStore, open_store

ROUNDS = 30
_LEFT = 10  # of a hundred images
_SIZE = (1000, 1000)


def main() -> None:
    """Fill a project, ask, and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--images", type=int, default=50_000)
    arguments.add_argument("--database", default="")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder), chosen.database)
        project, seconds = _filled(store, chosen.images)
        where = "PostgreSQL" if chosen.database else "SQLite"
        print(f"{where}: {chosen.images:,} images, written within {seconds:.0f} s")
        for name, ask in _questions(store, project).items():
            times = [_milliseconds(ask) for _ in range(ROUNDS)]
            print(f"  {name}: {median(times):.1f} ms, at most {max(times):.1f} ms")
        store.close()


def _filled(store: AnnotationStore, images: int) -> tuple[Project, float]:
    begun = time.monotonic()
    mask = np.zeros(_SIZE, bool)
    mask[300:340, 400:520] = True
    region = Region("defect", encode(mask))
    found = [_image(number, region) for number in range(images)]
    project, _ = make_of(store.database, NewProject("Large", ["crr-embedded"]), Found(found))
    random = np.random.default_rng(0)
    store.scores.put(
        Score(one.image.digest, "crr-embedded", "r1", float(ratio), "defective", float(ratio), 0.5, True)
        for one, ratio in zip(found, random.uniform(0, 2, images), strict=True)
    )
    return project, time.monotonic() - begun


def _image(number: int, region: Region) -> FoundImage:
    image = NewImage(
        f"line{number % 7}/{number:06}.png",
        sha256(str(number).encode()).hexdigest(),
        *_SIZE,
        label=("good", "defective", None)[number % 3],
        category=f"part {number % 5}",
    )
    if number % 100 < _LEFT:
        return FoundImage(image)
    tags = (DEFAULT_TAGS[number % len(DEFAULT_TAGS)],)
    return FoundImage(
        image, (Said(Review("defective", (region,), tags), f"Person {number % 20}"),), reviewed=True
    )


def _questions(store: AnnotationStore, project: Project) -> dict[str, Callable[[], object]]:
    who = store.people.named("Anna")
    items = iter([item.id for item in store.images.all(project.id) if not item.reviewed])
    number = iter(range(10**9))

    def save() -> object:
        return store.reviews.save(next(items), None, Review("good"), who, f"attempt {next(number)}")

    questions: dict[str, Callable[[], object]] = {
        f"next, {order}": lambda order=order: store.queue.next(  # type: ignore[misc]
            Wanted(project.id, order, ("left",), models=("crr-embedded",)), who
        )
        for order in ORDERS
    }
    filters = {
        "tag": {"tag": DEFAULT_TAGS[3]},
        "category": {"category": "part 2"},
        "person": {"author": "Person 4"},
        "judgement": {"judgement": "defective"},
    }
    for name, wanted in filters.items():
        questions[f"next of those by {name}"] = lambda wanted=wanted: store.queue.next(  # type: ignore[misc]
            Wanted(project.id, "by name", (), **wanted), who
        )
    questions["how far it is"] = lambda: store.queue.progress(project.id)
    questions["how far the scores are"] = lambda: store.scores.progress(project.id, ["crr-embedded"])
    questions["kinds of parts"] = lambda: store.images.categories(project.id)
    questions["a save"] = save
    return questions


def _milliseconds(ask: Callable[[], object]) -> float:
    begun = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
