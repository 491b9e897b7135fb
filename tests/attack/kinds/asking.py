"""Attacks that ask for much with little: messages of many parts, or without an end, and files to save."""

import struct
import time

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.attack.kinds.pictures import plain_photo
from tests.attack.stage import ATTACKER, Stage, own_address
from tests.attack.visitor import Refused

_EMPTY = b"\x0a\x00"  # a value without anything in it, the shortest there is, as field 1


def names(stage: Stage) -> str:
    """Places for 12 million files without a name, and for 20,000 again and again, with no answer read."""
    many = stage.visitor()
    many.open()
    try:
        many.send_bytes(_places(many.session, stage.size.of(12_000_000, least=6000)))
        many.run()
        first = "12 million given"
    except Refused as refusal:
        first = str(refusal)

    def work(number: int) -> str:
        visitor = stage.visitor(own_address(number))
        visitor.open()
        asked, end = 0, time.monotonic() + stage.size.of(25, least=2)
        try:
            while time.monotonic() < end:
                visitor.send_bytes(_places(visitor.session, 5000))
                asked += 1
                time.sleep(0.05)
        except Refused:
            return "sent away"
        return "never sent away"

    return f"{first}; {stage.together(3, work)}"


def _places(session: str, count: int) -> bytes:
    message = BackMsg()
    request = message.file_urls_request
    request.session_id, request.request_id = session, "x"
    fields = request.DESCRIPTOR.fields_by_name
    name = bytes([fields["file_names"].number << 3 | 2, 0])
    inner = request.SerializeToString() + name * count
    return _field(message.DESCRIPTOR.fields_by_name["file_urls_request"].number, inner)


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes as protocol buffers have it."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    digits = b""
    while number > 127:
        digits += bytes([number & 127 | 128])
        number >>= 7
    return digits + bytes([number])


def values(stage: Stage) -> str:
    """Five visitors with 12 million values of widgets, or objects in a painting, then as many as may be."""

    def work(number: int) -> str:
        said = []
        for count in (stage.size.of(12_000_000, least=250_000), 1900 if number % 2 else 60_000):
            visitor = stage.visitor(own_address(number))
            visitor.open("compare", "photo=Paint+a+defect&sample=screw_good")
            try:
                if number % 2:
                    visitor.send_bytes(_states(count))
                    visitor.run()
                else:
                    value = '{"painting":[' + ",".join(["{}"] * count) + "]}"
                    canvas = visitor._component("crr_canvas").id
                    visitor.run(WidgetState(id=canvas, json_value=value))
                said.append("taken")
            except Refused:
                said.append("sent away")
        return ", then ".join(said)

    return stage.together(5, work)


def _states(count: int) -> bytes:
    """The message of a page with so many empty values."""
    asked = BackMsg.DESCRIPTOR.fields_by_name["rerun_script"]
    states = asked.message_type.fields_by_name["widget_states"].number
    return _field(asked.number, _field(states, _EMPTY * count))


def begun(stage: Stage) -> str:
    """Thirty pages that each begin a message of 190 MB and never end it."""
    size, block = stage.size.of(190_000_000, least=5_000_000), bytes(2**20)

    def work(_number: int) -> str:
        visitor = stage.visitor(ATTACKER)
        visitor.open()
        connection = visitor._socket.socket
        sent = 0
        try:
            connection.sendall(bytes([0x82, 0x80 | 127]) + struct.pack(">Q", size) + bytes(4))
            while sent < size - 2 * len(block):
                connection.sendall(block)
                sent += len(block)
        except OSError:
            return "sent away"
        return f"{sent / 1e6:.0f} MB kept"

    said = [stage.together(5, work) for _ in range(stage.size.of(6))]
    time.sleep(stage.size.of(10))
    return "; ".join(dict.fromkeys(said))


def saves(stage: Stage) -> str:
    """A visitor with eight photos who has their heat-maps saved 300 times, and draws no page between."""
    visitor = stage.visitor()
    visitor.open("inspect")
    visitor.upload(*[(f"part {number}.jpg", plain_photo(number)) for number in range(8)])
    deadline = time.monotonic() + visitor.patience
    while not (button := visitor.screen.elements.get(("download_button", "Heat-maps (zip)"))):
        if time.monotonic() > deadline:
            raise Refused("the photos were never inspected")
        visitor.run()
    for number in range(stage.size.of(300, least=3)):
        message = BackMsg()
        message.backend_operation_request.request_id = str(number)
        message.backend_operation_request.deferred_file.file_id = button.deferred_file_id
        visitor.send(message)
    answered, end = 0, time.monotonic() + stage.size.of(35, least=5)
    try:
        while True:
            answer = visitor._received(end)
            answered += answer.WhichOneof("type") == "backend_operation_response"
    except Refused:
        return f"{answered} files made"
