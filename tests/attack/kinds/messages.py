"""Attacks over the websocket: what no page in a browser would send."""

import random

from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.attack.stage import Stage, own_address, told
from tests.attack.visitor import Absent, Refused, Visitor
from workbench.components.strokes import FAR

_POINTS, _RECTANGLES = 20_000, 1000
_PAINTING = "photo=Paint+a+defect&sample=screw_good"


def strokes(stage: Stage) -> str:
    """A brush as wide as one may be along 20,000 points, and a thousand rectangles, on two open pages."""
    points = [(random.uniform(-FAR, FAR), random.uniform(-FAR, FAR)) for _ in range(_POINTS)]
    brush = [{"tool": "brush", "size": FAR, "points": points[: stage.size.of(_POINTS)]}]
    corners = ((-FAR, -FAR), (FAR, FAR))
    box = {"tool": "rectangle", "size": 1.0, "points": corners}
    paintings = [brush, [box] * stage.size.of(_RECTANGLES)]

    def work(number: int) -> str:
        visitor = stage.visitor(own_address(number))
        visitor.open("compare", _PAINTING)
        _paint(visitor, paintings[number])
        return told(visitor.screen.said)

    return stage.together(2, work)


def _paint(visitor: Visitor, shapes: list[dict[str, object]]) -> None:
    identity = visitor.component("crr_canvas")["painting"]
    visitor.change("crr_canvas", painting={"painting": identity, "version": 1, "strokes": shapes})
    if visitor.component("crr_canvas")["version"] != 1:
        raise Absent("the strokes were not taken")


def messages(stage: Stage) -> str:
    """Ten visitors who stay, each with an address of 20 MB, and a widget's value of 20 MB."""

    def work(number: int) -> str:
        visitor = stage.visitor(own_address(number))
        visitor.open()
        length = stage.size.of(20_000_000)
        value = "x" * length
        try:
            visitor.run(WidgetState(id="$$ID-0-none", string_value=value))
        except Refused as refusal:
            return f"a value: {refusal}"
        visitor.open("inspect", f"sample={value}")
        return "both taken"

    return stage.together(10, work)


def noise(stage: Stage) -> str:
    """Bytes that are no message, and one of 60 MB, from visitors who come again and again."""

    def work(number: int) -> str:
        closed = 0
        for turn in range(stage.size.of(20, least=3)):
            visitor = stage.visitor(own_address(number))
            content = bytes(stage.size.of(60_000_000)) if turn == 0 else random.Random(turn).randbytes(1000)
            try:
                visitor.send_bytes(content)
                visitor.run()
            except Refused:
                closed += 1
            visitor.vanish()
        return f"{closed} closed"

    return stage.together(4, work)
