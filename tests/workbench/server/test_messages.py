"""What one page may send, asked as a server asks: with messages that no page in a browser makes."""

import asyncio
from types import SimpleNamespace

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from workbench.components.strokes import MAX_POINTS
from workbench.server import messages
from workbench.server.messages import (
    LARGEST,
    MOST_NAMES,
    MOST_PARTS,
    MOST_VALUES,
    MessageLimit,
    bound_messages,
    cost_of,
)


def rerun(*states: WidgetState) -> bytes:
    message = BackMsg()
    message.rerun_script.widget_states.widgets.extend(states)
    return bytes(message.SerializeToString())


def names(count: int) -> bytes:
    message = BackMsg()
    message.file_urls_request.file_names.extend(["a.png"] * count)
    return bytes(message.SerializeToString())


def file() -> bytes:
    message = BackMsg()
    message.backend_operation_request.deferred_file.file_id = "1"
    return bytes(message.SerializeToString())


def painted(points: int) -> bytes:
    stroke = '{"tool":"brush","size":100000.0625,"points":[' + ",".join(
        ["[131071.9375,-131071.9375]"] * points
    )
    return rerun(WidgetState(id="canvas", json_value='{"painting":[' + stroke + "]}]}"))


def test_what_pages_send_is_let_through():
    assert cost_of(rerun()) == 1
    assert cost_of(rerun(*[WidgetState(id="a", int_value=1)] * 200)) == 1
    assert cost_of(painted(MAX_POINTS)) == 1
    assert cost_of(names(200)) < 20
    assert cost_of(file()) > 10
    assert cost_of(b"\xff\xff") == 0  # Streamlit ends it


@pytest.mark.parametrize(
    "content",
    [
        names(MOST_NAMES + 1),
        rerun(*[WidgetState()] * (MOST_VALUES + 1)),
        rerun(WidgetState(id="a", json_value="[" + "{}," * MOST_PARTS)),
        rerun(WidgetState(id="a", string_value="x" * LARGEST)),
    ],
    ids=["names", "values", "parts", "bytes"],
)
def test_what_no_page_sends_ends_the_visit(content):
    assert cost_of(content) is None
    heard, sent, slept = visit([content, rerun()])
    assert heard == []
    assert sent == [("websocket.close", 1008)]
    assert slept == []


def test_who_asks_too_much_waits_and_nobody_else_does():
    heard, _, slept = visit([rerun()] * 400)
    assert (len(heard), slept) == (400, [])
    heard, _, slept = visit([rerun()] * 440)
    assert len(heard) == 440
    assert slept[-1] == pytest.approx(1, abs=0.1)  # 40 more than are at hand, at 40 a second
    _, _, slept = visit([file()] * 30)
    assert sum(wait > 0 for wait in slept) == 30 - 400 // 21


def visit(contents: list[bytes]) -> tuple[list[bytes], list[tuple[str, int]], list[float]]:
    """Send messages in the same moment; what the page heard, what was sent back, and how long it waited."""
    heard: list[bytes] = []
    sent: list[tuple[str, int]] = []
    slept: list[float] = []
    waiting = iter([*({"type": "websocket.receive", "bytes": content} for content in contents)])

    async def app(_scope, receive, _send):
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            heard.append(message["bytes"])

    async def receive():
        return next(waiting, {"type": "websocket.disconnect", "code": 1000})

    async def send(message):
        sent.append((message["type"], message["code"]))

    async def sleep(seconds):
        slept.append(seconds)

    guard = MessageLimit(app, lambda: 0.0, sleep)
    asyncio.run(guard({"type": "websocket"}, receive, send))
    return heard, sent, slept


def test_the_server_takes_no_larger_message_in(monkeypatch):
    taken = []

    class Protocol:
        def __init__(self, config):
            taken.append(config.ws_max_size)

    monkeypatch.setattr(messages, "WebSocketsSansIOProtocol", Protocol)
    bound_messages()
    Protocol(SimpleNamespace(ws_max_size=2 * LARGEST))
    Protocol(SimpleNamespace(ws_max_size=5))
    assert taken == [LARGEST, 5]
