"""The review service: what it answers, whom it answers, and that nothing is lost on the way."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from crr.identity.sighting import Sighting
from crr.types import Inspection
from tests.workbench.annotation.parts import DOT, HEIGHT, RING, WIDTH, write_image
from workbench.annotation.importing.bringing import bring_in
from workbench.annotation.importing.datasets import read_folder
from workbench.annotation.importing.files import Keeping
from workbench.annotation.masks import RunLengths, decode, encode
from workbench.annotation.records import LabelScheme
from workbench.annotation.store import AnnotationStore
from workbench.review_service.answers import ModelAnswers
from workbench.review_service.routes import HEADER, PREFIX, review_routes
from workbench.review_service.scoring import BackgroundScoring
from workbench.review_service.service import ReviewService
from workbench.review_service.tickets import Tickets, UnknownTicketError

SIGHTING = Sighting({"stage1": 1.2, "stage2": 3.0}, patches=9, grid=784, copied=0.84)
LEVELS = np.where(RING, 0.9, np.where(DOT, 0.6, 0.1)).astype(np.float32)


def inspection(score: float = 0.9) -> Inspection:
    return Inspection(
        "CRR",
        "1234",
        (HEIGHT, WIDTH),
        LEVELS,
        None,
        score,
        0.5,
        0.5,
        99.0,
        (),
        "defective",
        "bottle",
        True,
        "cpu",
    )


class Browser:
    """Asks as a browser does."""

    def __init__(self, client: TestClient, ticket: str) -> None:
        self._client, self.ticket = client, ticket

    def ask(self, what: str, expected: int = 200, **values: object) -> dict[str, object]:
        answer = self._client.post(f"{PREFIX}/{what}", json=values, headers={HEADER: self.ticket})
        assert answer.status_code == expected, answer.text
        return answer.json()

    def picture(self, number: int, expected: int = 200) -> bytes:
        answer = self._client.get(f"{PREFIX}/picture/{number}", headers={HEADER: self.ticket})
        assert answer.status_code == expected
        return answer.content


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def project(store: AnnotationStore, tmp_path: Path) -> int:
    for number in range(3):
        write_image(tmp_path / f"photos/{number}.png", number)
    made = store.projects.create("Parts", ["CRR"])
    bring_in(store.database, made.id, read_folder(tmp_path / "photos", Keeping(store.blobs)))
    return made.id


@pytest.fixture
def tickets() -> Tickets:
    return Tickets()


@pytest.fixture
def client(store: AnnotationStore, tickets: Tickets, asked: list[str]):
    from crr.data.images import decode as decoded

    class Models:
        def revision(self, model):
            assert model == "CRR"
            return inspection().revision

        def answer(self, key, pixels, model):
            assert (len(key), pixels.shape) == (64, (HEIGHT, WIDTH, 3))
            asked.append(model)
            return inspection()

        def sighting(self, key, pixels, model, mask):
            assert (len(key), pixels.shape, model) == (64, (HEIGHT, WIDTH, 3), "CRR")
            assert mask is None or mask.any()
            return SIGHTING

    answers = ModelAnswers(
        store.scores, lambda image: decoded(store.blobs.content(image), image.name), Models(), 2**24
    )
    scoring = BackgroundScoring(store, answers)
    service = ReviewService(store, answers, scoring)
    with TestClient(Starlette(routes=review_routes(lambda: service, tickets))) as client:
        yield client
    scoring.wait()


@pytest.fixture
def browser(client: TestClient, tickets: Tickets, anna: int, project: int) -> Browser:
    return Browser(client, tickets.issue(anna, project))


@pytest.fixture
def other(client: TestClient, tickets: Tickets, ben: int, project: int) -> Browser:
    return Browser(client, tickets.issue(ben, project))


def drawn(
    judgement: str | None = "defective", *regions: dict[str, object], **more: object
) -> dict[str, object]:
    return {"judgement": judgement, "regions": list(regions), **more}


def save(browser: Browser, shown: dict, said: dict, expected: int = 200, attempt: str = "attempt1") -> dict:
    base = shown["revision"]["id"] if shown["revision"] else None
    return browser.ask("save", expected, item=shown["item"], base=base, attempt=attempt, drawn=said)


def test_ten_parts_go_by_with_two_questions_each(browser):
    for number in range(3):
        shown = browser.ask("next", order="by name")
        assert (shown["name"], shown["height"], shown["revision"]) == (f"{number}.png", HEIGHT, None)
        saved = save(browser, shown, drawn("good"), attempt=f"attempt{number}")
        assert saved["revision"]["author"] == "Anna"
        assert browser.ask("progress")["left"] == 2 - number
    assert browser.ask("next")["item"] is None


def test_what_is_drawn_on_a_models_mask_is_exact(browser):
    shown = browser.ask("next", order="by name")
    marked = browser.ask("mark", item=shown["item"], model="CRR")
    assert marked["count"] == 2
    parts = [decode(RunLengths(HEIGHT, WIDTH, counts)) for counts in marked["parts"]]
    assert np.array_equal(parts[0], RING)
    assert np.array_equal(parts[1], DOT)
    rectangle = {"tool": "rectangle", "size": 1, "points": [[0, 0], [4, 3]]}
    eraser = {"tool": "eraser", "size": 200, "points": [[30, 20]]}
    said = drawn(
        "defective",
        {"category": "defect", "counts": marked["parts"][0], "strokes": [rectangle]},
        {"category": "defect", "counts": marked["parts"][1], "strokes": [eraser]},
        note="<b>",
        severity="minor",
        tags=["edge"],
    )
    saved = save(browser, shown, said)["revision"]["drawn"]
    expected = RING.copy()
    expected[:3, :4] = True
    assert [region["category"] for region in saved["regions"]] == ["defect"]  # what was rubbed out is gone
    assert np.array_equal(decode(RunLengths(HEIGHT, WIDTH, saved["regions"][0]["counts"])), expected)
    assert (saved["note"], saved["severity"], saved["tags"]) == ("<b>", "minor", ["edge"])


def test_a_click_takes_the_region_around_it(browser):
    item = browser.ask("next")["item"]

    def snap(x: float, y: float, growth: float = 1) -> np.ndarray:
        counts = browser.ask("snap", item=item, model="CRR", x=x, y=y, growth=growth)["counts"]
        return decode(RunLengths(HEIGHT, WIDTH, counts))

    assert np.array_equal(snap(12, 6), RING)
    assert np.array_equal(snap(51, 31), DOT)
    assert snap(12, 6, growth=0.1).all()
    assert snap(1, 1, growth=5).all()  # the place itself always belongs to it
    assert "outside the image" in browser.ask("snap", 422, item=item, model="CRR", x=WIDTH, y=1)["error"]
    assert "does not ask" in browser.ask("snap", 404, item=item, model="../other", x=1, y=1)["error"]


def test_an_enclosed_area_is_filled(browser):
    item = browser.ask("next")["item"]
    ring = {"category": "defect", "counts": encode(RING).counts, "strokes": []}
    whole = RING.copy()
    whole[10:15, 15:25] = True
    counts = browser.ask("fill", item=item, region=ring, x=20, y=12)["counts"]
    assert np.array_equal(decode(RunLengths(HEIGHT, WIDTH, counts)), whole)
    assert "does not enclose" in browser.ask("fill", 422, item=item, region=ring, x=1, y=1)["error"]
    assert "marked already" in browser.ask("fill", 422, item=item, region=ring, x=12, y=6)["error"]


def test_models_are_asked_once_and_their_scores_order_the_queue(browser, other, asked, store, project):
    item = browser.ask("next", order="by name")["item"]
    [answer] = browser.ask("answers", item=item)["answers"]
    assert (answer["score"], answer["limit"], answer["verdict"]) == (0.9, 0.5, "defective")
    assert answer["levels"]["grid"] == [HEIGHT, WIDTH]
    other.ask("answers", item=item)
    assert asked[:1] == ["CRR"]
    browser.ask("progress")  # as after each image
    ends = time.monotonic() + 20
    while store.scores.missing(
        project, "CRR", inspection().revision, 9
    ):  # they are measured in the background
        assert time.monotonic() < ends
        time.sleep(0.02)
    assert asked == ["CRR"] * 3
    [known] = store.scores.of([store.images.get(item).image.digest])
    assert (known.ratio, known.model) == (pytest.approx(1.8), "CRR")
    assert (known.seen, known.copied) == (3.0, 0.84)


def test_causes_suggest_themselves_with_what_was_measured(browser, store, project):
    item = browser.ask("next")["item"]
    dot = {"category": "defect", "counts": encode(DOT).counts}
    wish = {"item": item, "model": "CRR"}
    causes = browser.ask("causes", **wish, drawn=drawn("defective", dot))["causes"]
    said = {one["tag"]: one["because"] for one in causes}
    assert "the decoder copied 84 % of it" in said["copied (identity mapping)"]
    assert "wrong extent" in said
    assert browser.ask("causes", **wish, drawn=drawn("good"))["causes"] == []
    store.projects.set_scheme(project, LabelScheme(tags=("wrong extent",)))
    causes = browser.ask("causes", **wish, drawn=drawn("defective", dot))["causes"]
    assert [one["tag"] for one in causes] == ["wrong extent"]


def test_a_picture_has_all_pixels(browser):
    item = browser.ask("next")["item"]
    content = browser.picture(item)
    assert content[:3] == b"\xff\xd8\xff"
    browser.picture(9999, expected=404)


def test_drafts_come_back_until_they_are_saved(browser, other):
    shown = browser.ask("next", order="by name")
    item = shown["item"]
    said = drawn(None, {"category": "defect", "counts": None, "strokes": []}, note="half a word")
    assert browser.ask("keep", item=item, base=None, clock=5, drawn=said) == {"clock": 5}
    browser.ask("keep", item=item, base=None, clock=4, drawn=drawn("good"))
    again = browser.ask("load", item=item)["draft"]
    assert (again["clock"], again["drawn"]["note"]) == (5, "half a word")
    assert other.ask("load", item=item)["draft"] is None
    save(browser, shown, drawn("good"))
    assert browser.ask("load", item=item)["draft"] is None


def test_two_who_save_the_same_meet(browser, other):
    shown = browser.ask("next", order="by name")
    item = shown["item"]
    assert other.ask("load", item=item)["holder"] == "Anna"
    assert other.ask("next", order="by name")["name"] == "1.png"
    save(browser, shown, drawn("good"))
    met = save(other, shown, drawn("defective"), expected=409, attempt="attempt2")
    assert met["newer"]["author"] == "Anna"
    assert met["newer"]["drawn"]["judgement"] == "good"
    settled = save(other, {"item": item, "revision": met["newer"]}, drawn("defective"), attempt="attempt3")
    assert settled["revision"]["base"] == met["newer"]["id"]
    assert [one["author"] for one in browser.ask("history", item=item)["revisions"]] == ["Anna", "Ben"]


def test_the_history_says_how_much_of_a_mask_stayed(browser):
    shown = browser.ask("next", order="by name")
    for attempt, mask in (("attempt1", DOT), ("attempt2", DOT | RING), ("attempt3", DOT | RING)):
        region = {"category": "defect", "counts": encode(mask).counts}
        saved = save(browser, shown, drawn("defective", region), attempt=attempt)
        shown = {"item": shown["item"], "revision": saved["revision"]}
    save(browser, shown, drawn("good"), attempt="attempt4")
    shared = [one["shared"] for one in browser.ask("history", item=shown["item"])["revisions"]]
    assert shared == [None, pytest.approx(DOT.sum() / (DOT | RING).sum()), 1.0, 0.0]


def test_a_save_that_is_sent_twice_is_one(browser):
    shown = browser.ask("next")
    first = save(browser, shown, drawn("good"))
    assert save(browser, shown, drawn("good"))["revision"] == first["revision"]
    assert len(browser.ask("history", item=shown["item"])["revisions"]) == 1


def test_what_is_skipped_or_given_back_goes_to_others(browser, other):
    first = browser.ask("next", order="by name")["item"]
    browser.ask("release", item=first)
    assert other.ask("next", order="by name")["item"] == first
    assert other.ask("skip", item=first) == {}
    assert other.ask("progress")["skipped"] == 1
    assert browser.ask("next", order="by name")["name"] == "1.png"
    other.ask("skip", item=first, skipped=False)
    assert other.ask("next", order="by name")["item"] == first


@pytest.mark.parametrize(
    ("what", "values", "status", "sentence"),
    [
        ("next", {"order": "by guess"}, 422, "order"),
        ("next", {"passed": [-1]}, 422, "passed.0"),
        ("next", {"other": 1}, 422, "other"),
        ("load", {}, 422, "item"),
        ("load", {"item": True}, 422, "item"),
        ("load", {"item": 99999}, 404, "somebody removed it"),
        ("save", {"drawn": drawn(None)}, 422, "whether the part is good"),
        ("save", {"drawn": drawn("good"), "attempt": "<b>"}, 422, "attempt"),
        ("save", {"drawn": drawn("good", note="n" * 20_001)}, 422, "drawn.note"),
        ("save", {"drawn": drawn("good", tags=["none of these"])}, 422, "is no tag of this project"),
        ("save", {"drawn": drawn("defective", {"category": "defect", "counts": "zz"})}, 422, "run lengths"),
        (
            "save",
            {"drawn": drawn("good", {"category": "defect", "counts": encode(DOT).counts})},
            422,
            "good part",
        ),
        ("save", {"drawn": drawn("good"), "base": 12345}, 422, "is not there"),
        ("keep", {"drawn": drawn("good", {"category": "defect", "counts": 5}), "clock": 1}, 422, "counts"),
        ("picture", {}, 404, "no such question"),
        ("__class__", {}, 404, "no such question"),
    ],
)
def test_what_cannot_be_is_a_sentence(browser, what, values, status, sentence):
    item = browser.ask("next")["item"]
    usual = {
        "save": {"item": item, "base": None, "attempt": "attempt1"},
        "keep": {"item": item, "base": None},
    }
    answer = browser.ask(what, status, **(usual.get(what, {}) | values))
    assert sentence in answer["error"]


def test_nobody_without_a_ticket_is_answered(browser, client, store, tickets, anna):
    stranger = Browser(client, "guess")
    for what in ("next", "save", "history"):
        assert "does not know this window" in stranger.ask(what, 401)["error"]
    stranger.picture(1, expected=401)
    secret = store.projects.create("Secret", ["CRR"]).id
    theirs = Browser(client, tickets.issue(anna, secret))
    item = browser.ask("next")["item"]
    for what in ("load", "history", "answers", "release"):
        assert "somebody removed it" in theirs.ask(what, 404, item=item)["error"]
    theirs.picture(item, expected=404)


def test_a_ticket_ends_when_it_is_not_used():
    now = [0.0]
    tickets = Tickets(lambda: now[0])
    text = tickets.issue(1, 2)
    for _ in range(3):
        now[0] += 11 * 3600
        assert tickets.find(text).project == 2
    now[0] += 13 * 3600
    with pytest.raises(UnknownTicketError):
        tickets.find(text)


def test_a_message_has_a_size(browser, client):
    answer = client.post(f"{PREFIX}/next", content=b" " * (2**24 + 1), headers={HEADER: browser.ticket})
    assert answer.status_code == 413
    assert "[" not in json.dumps(browser.ask("next", 422, passed=[[[[]]]])["error"])[:5]


def test_an_image_that_is_gone_is_a_sentence(browser, store, project):
    item = next(store.images.all(project))
    store.blobs.path(item.image.digest).unlink()
    assert browser.ask("load", item=item.id)["name"] == "0.png"
    browser.picture(item.id, expected=404)
    [answer] = browser.ask("answers", item=item.id)["answers"]
    assert "cannot be read from the data folder" in answer["error"]
