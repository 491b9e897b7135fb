"""Each guard alone, asked as a server asks it."""

import asyncio

import pytest
from starlette.formparsers import MultiPartParser
from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.workbench.server.asgi import Plain, ask
from workbench.server import uploads
from workbench.server.app import guards, keep_uploads_in_memory
from workbench.server.connections import ConnectionLimit
from workbench.server.departures import QuietDepartures
from workbench.server.headers import CLOSED, HEADERS, SafeHeaders
from workbench.server.preview import LinkPreview
from workbench.server.uploads import UploadQuota
from workbench.settings import MEGABYTE, StartSettings

STREAM = "/_stcore/stream"


def test_every_answer_forbids_to_load_from_elsewhere():
    start, _ = ask(SafeHeaders(Plain()))
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    assert headers == {name.lower(): value for name, value in HEADERS.items()}
    assert "img-src 'self' data: blob:;" in headers["content-security-policy"]


@pytest.mark.parametrize("path", [*CLOSED, f"{CLOSED[1]}/openapi.json", f"/base{CLOSED[0]}"])
def test_what_nobody_needs_answers_nobody(path):
    app = Plain()
    start, _ = ask(SafeHeaders(app), path)
    assert (start["status"], app.asked) == (404, 0)
    assert ask(SafeHeaders(app), "/_stcore/health")[0]["status"] == 200


def test_a_link_shows_what_the_workbench_is():
    page = b"<html><head><title>Streamlit</title></head></html>"

    async def app(_scope, _receive, send):
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", b"50"),
            (b"etag", b"x"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page[:9], "more_body": True})
        await send({"type": "http.response.body", "body": page[9:]})

    start, body = ask(LinkPreview(app))
    assert b"<title>CRR Workbench: why models miss defects</title>" in body["body"]
    assert b'<meta name="description" content="Finds defects' in body["body"]
    headers = dict(start["headers"])
    assert int(headers[b"content-length"]) == len(body["body"])
    assert b"etag" not in headers
    assert ask(LinkPreview(Plain()))[1]["body"] == b"ok"
    assert ask(LinkPreview(app), method="HEAD")[1]["body"] == page[:9]


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
    assert put(quota, "mine", 10 * MEGABYTE + 1) == (413, "You have no more room.")
    assert put(quota, "other", 30 * MEGABYTE)[0] == 200
    assert put(quota, "other", 50 * MEGABYTE) == (413, "There is no more room for uploads now.")
    assert put(quota, "other", None)[0] == put(quota, "other", "-1")[0] == put(quota, "other", "x")[0] == 411


class Line:
    """The line of one upload: its parts come when they are handed in."""

    def __init__(self, quota, session, size):
        self.parts, self.sent = asyncio.Queue(), []
        headers = [(b"content-length", str(size).encode())]
        path = f"/_stcore/upload_file/{session}/file"
        self.scope = {"type": "http", "path": path, "method": "PUT", "headers": headers, "client": None}
        self.task = asyncio.create_task(quota(self.scope, self.parts.get, self._send))

    async def _send(self, message):
        self.sent.append(message)

    def bring(self, size, more=True):
        self.parts.put_nowait({"type": "http.request", "body": bytes(size), "more_body": more})

    async def status(self):
        await asyncio.wait_for(self.task, 10)
        return self.sent[0]["status"]


async def reads_all(_scope, receive, send):
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_what_has_come_counts_and_not_what_was_announced():
    async def serve():
        quota = UploadQuota(reads_all, 100 * MEGABYTE, 300 * MEGABYTE, dict)
        idle = [Line(quota, f"idle {number}", 99 * MEGABYTE) for number in range(5)]
        await asyncio.sleep(0)
        mine = Line(quota, "mine", 90 * MEGABYTE)
        mine.bring(60 * MEGABYTE)
        await asyncio.sleep(0.01)
        other = Line(quota, "mine", 60 * MEGABYTE)  # of the same visitor: together too much
        assert await other.status() == 413
        idle[0].bring(60 * MEGABYTE)  # of another: three copies of each are more than there is for all
        assert await idle[0].status() == 413
        mine.bring(30 * MEGABYTE, more=False)
        assert await mine.status() == 204
        assert quota._arrived.total() == 0
        for line in idle[1:]:
            line.task.cancel()

    asyncio.run(serve())


def test_an_upload_that_does_not_come_on_is_given_up(monkeypatch):
    monkeypatch.setattr(uploads, "_AT_FIRST", 0.3)

    async def serve():
        quota = UploadQuota(reads_all, 100 * MEGABYTE, 300 * MEGABYTE, dict, silence=0.1)
        silent, slow = Line(quota, "silent", 9), Line(quota, "slow", 100)
        silent.bring(1)
        for _ in range(5):
            slow.bring(1)  # never silent for long, and yet too slow
            await asyncio.sleep(0.07)
        assert await silent.status() == 408
        assert await slow.status() == 408
        assert quota._arrived.total() == 0

    asyncio.run(serve())


def test_an_upload_that_breaks_off_leaves_no_traceback_and_holds_nothing():
    async def breaks_off(_scope, receive, _send):
        await receive()
        raise ClientDisconnect

    quota = UploadQuota(breaks_off, 100, 300, dict)
    assert ask(quota, "/_stcore/upload_file/a/b", "PUT", [("Content-Length", "9")]) == []
    assert quota._arrived.total() == 0


def test_other_requests_have_no_quota():
    assert ask(UploadQuota(Plain(), 1, 1, dict), "/_stcore/upload_file/a/b", "DELETE")[0]["status"] == 200
    assert ask(UploadQuota(Plain(), 1, 1, dict), "/", "PUT")[0]["status"] == 200


def test_uploads_of_the_largest_size_never_touch_the_disk(monkeypatch):
    monkeypatch.setattr(MultiPartParser, "spool_max_size", 1)
    keep_uploads_in_memory(64 * MEGABYTE)
    assert MultiPartParser.spool_max_size > 64 * MEGABYTE


def test_the_guards_are_those_that_the_settings_ask_for():
    all_guards = guards(StartSettings(SPACE_ID="somebody/space"))
    names = [guard.cls.__name__ for guard in all_guards]
    assert names == [
        "SafeHeaders",
        "LinkPreview",
        "ReturnToAnnotate",
        "QuietDepartures",
        "ConnectionLimit",
        "MessageLimit",
        "UploadQuota",
    ]
    *_, connections, _, uploads = all_guards
    assert (connections.kwargs["per_minute"], connections.kwargs["proxy_header"]) == (60, "X-Forwarded-For")
    assert (uploads.kwargs["each"], uploads.kwargs["together"]) == (256 * MEGABYTE, 512 * MEGABYTE)
