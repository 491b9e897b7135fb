"""Each guard alone, asked as a server asks it."""

import asyncio

import pytest
from starlette.formparsers import MultiPartParser
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.workbench.server.asgi import Plain, ask
from workbench.server.address import UNKNOWN, address_of
from workbench.server.app import guards, keep_uploads_in_memory
from workbench.server.connections import ConnectionLimit
from workbench.server.departures import QuietDepartures
from workbench.server.headers import CLOSED, HEADERS, SafeHeaders
from workbench.server.uploads import UploadQuota
from workbench.settings import MEGABYTE, StartSettings

STREAM = "/_stcore/stream"


def test_every_answer_forbids_to_load_from_elsewhere():
    start, _ = ask(SafeHeaders(Plain()))
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    assert headers == {name.lower(): value for name, value in HEADERS.items()}
    assert "img-src 'self' data: blob:;" in headers["content-security-policy"]


@pytest.mark.parametrize("path", [*CLOSED, f"{CLOSED[1]}/openapi.json"])
def test_what_nobody_needs_answers_nobody(path):
    app = Plain()
    start, _ = ask(SafeHeaders(app), path)
    assert (start["status"], app.asked) == (404, 0)
    assert ask(SafeHeaders(app), "/_stcore/health")[0]["status"] == 200


@pytest.mark.parametrize(
    ("headers", "told", "address"),
    [
        ([], "", "192.0.2.1"),
        ([("X-Forwarded-For", "6.6.6.6")], "", "192.0.2.1"),  # no proxy is there to be believed
        ([("X-Forwarded-For", "6.6.6.6, 203.0.113.9")], "X-Forwarded-For", "203.0.113.9"),
        ([("Via", "6.6.6.6"), ("Via", "203.0.113.9")], "Via", "203.0.113.9"),
        ([], "X-Forwarded-For", "192.0.2.1"),
        ([("X-Real-IP", "x" * 5000)], "X-Real-IP", "x" * 100),
    ],
)  # fmt: skip
def test_the_address_of_a_visitor(headers, told, address):
    seen = []

    async def app(scope, _receive, _send):
        seen.append(address_of(scope, told))

    ask(app, headers=headers)
    assert seen == [address]


def test_without_an_address_all_are_one():
    seen = []

    async def app(scope, _receive, _send):
        seen.append(address_of(scope, ""))

    ask(app, client=None)
    assert seen == [UNKNOWN]


def test_who_leaves_while_the_page_is_sent_has_left_and_nothing_more():
    heard = []
    messages = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001}])

    async def app(scope, receive, send):
        page = WebSocket(scope, receive, send)
        await page.accept()
        await page.send_bytes(b"half a page")
        await page.send_bytes(b"the other half")
        try:
            await page.receive_bytes()
        except WebSocketDisconnect as end:
            heard.append(end.code)

    async def receive():
        return next(messages)

    async def send(message):
        if message["type"] != "websocket.accept":
            raise ConnectionResetError

    scope = {"type": "websocket", "path": STREAM, "headers": []}
    asyncio.run(QuietDepartures(app)(scope, receive, send))
    assert heard == [1001]


def test_who_sends_text_is_sent_away_and_has_left():
    heard, sent = [], []
    messages = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}])

    async def app(scope, receive, send):
        page = WebSocket(scope, receive, send)
        await page.accept()
        try:
            await page.receive_bytes()
        except WebSocketDisconnect as end:
            heard.append(end.code)
        await page.send_bytes(b"to nobody")

    async def receive():
        return next(messages)

    async def send(message):
        sent.append((message["type"], message.get("code")))

    scope = {"type": "websocket", "path": STREAM, "headers": []}
    asyncio.run(QuietDepartures(app)(scope, receive, send))
    assert heard == [1003]
    assert sent == [("websocket.accept", None), ("websocket.close", 1003)]


class Clock:
    """A clock that stands still until somebody sleeps."""

    def __init__(self):
        self.now, self.slept = 100.0, []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(round(seconds, 3))


def test_who_opens_the_workbench_in_a_loop_waits_and_nobody_else_does():
    app, clock = Plain(), Clock()
    limit = ConnectionLimit(app, 60, clock=clock, sleep=clock.sleep)
    for _ in range(60):
        ask(limit, STREAM, kind="websocket")
    assert clock.slept == []
    for _ in range(3):
        ask(limit, STREAM, kind="websocket")
    assert clock.slept == [1, 2, 3]
    ask(limit, STREAM, kind="websocket", client="192.0.2.2")
    ask(limit, "/", kind="http")
    assert clock.slept == [1, 2, 3]
    clock.now += 3.5
    ask(limit, STREAM, kind="websocket")
    assert clock.slept == [1, 2, 3, 0.5]


def test_who_would_wait_too_long_is_sent_away_and_pays_nothing_for_it():
    app, clock = Plain(), Clock()
    limit = ConnectionLimit(app, 60, clock=clock, sleep=clock.sleep)
    sent = [ask(limit, STREAM, kind="websocket") for _ in range(200)]
    assert app.asked == 90
    assert sent[-1] == [{"type": "websocket.close", "code": 1013}]
    clock.now += 31
    ask(limit, STREAM, kind="websocket")
    assert app.asked == 91


def test_zero_is_no_limit():
    app, clock = Plain(), Clock()
    limit = ConnectionLimit(app, 0, clock=clock, sleep=clock.sleep)
    for _ in range(500):
        ask(limit, STREAM, kind="websocket")
    assert (app.asked, clock.slept) == (500, [])


def put(quota, session, size):
    """The status, and the sentence, of an upload of so many bytes."""
    headers = [("Content-Length", str(size))] if size is not None else []
    start, body = ask(quota, f"/_stcore/upload_file/{session}/file", "PUT", headers)
    return start["status"], body["body"].decode()


def test_uploads_have_a_quota_for_each_visitor_and_for_all():
    held = {"mine": 90 * MEGABYTE, "": 100 * MEGABYTE}
    quota = UploadQuota(Plain(), 100 * MEGABYTE, 300 * MEGABYTE, lambda: held)
    assert put(quota, "mine", 10 * MEGABYTE) == (200, "ok")
    status, sentence = put(quota, "mine", 10 * MEGABYTE + 1)
    assert (status, sentence[:36]) == (413, "There is room for 100 MB of yours at")
    assert put(quota, "other", 30 * MEGABYTE)[0] == 200
    assert put(quota, "other", 50 * MEGABYTE)[1].startswith("Visitors have filled the room")
    assert put(quota, "other", None)[0] == put(quota, "other", "-1")[0] == put(quota, "other", "x")[0] == 413


def test_what_is_on_its_way_counts_until_it_has_arrived():
    statuses = []

    async def slow(_scope, _receive, send):
        if len(statuses) < 1:
            statuses.append(None)
            statuses[0] = put_within()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    quota = UploadQuota(slow, 100 * MEGABYTE, 1000 * MEGABYTE, dict)

    def put_within():
        import threading

        answers = []
        thread = threading.Thread(target=lambda: answers.append(put(quota, "mine", 60 * MEGABYTE)[0]))
        thread.start()
        thread.join()
        return answers[0]

    assert put(quota, "mine", 60 * MEGABYTE)[0] == 200
    assert statuses == [413]
    assert put(quota, "mine", 60 * MEGABYTE)[0] == 200


def test_other_requests_have_no_quota():
    assert ask(UploadQuota(Plain(), 1, 1, dict), "/_stcore/upload_file/a/b", "DELETE")[0]["status"] == 200
    assert ask(UploadQuota(Plain(), 1, 1, dict), "/", "PUT")[0]["status"] == 200


def test_uploads_of_the_largest_size_never_touch_the_disk(monkeypatch):
    monkeypatch.setattr(MultiPartParser, "spool_max_size", 1)
    keep_uploads_in_memory(64 * MEGABYTE)
    assert MultiPartParser.spool_max_size > 64 * MEGABYTE


def test_the_guards_are_those_that_the_settings_ask_for(monkeypatch):
    monkeypatch.setattr(MultiPartParser, "spool_max_size", 1)
    *_, connections, uploads = guards(StartSettings(SPACE_ID="somebody/space"))
    assert (connections.kwargs["per_minute"], connections.kwargs["proxy_header"]) == (60, "X-Forwarded-For")
    assert (uploads.kwargs["each"], uploads.kwargs["together"]) == (256 * MEGABYTE, 512 * MEGABYTE)
    assert MultiPartParser.spool_max_size == 65 * MEGABYTE
