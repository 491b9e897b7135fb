"""Attacks by many: visitors who come at once, who come and go without end, or who only take up room."""

import socket
import time
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

from tests.attack.kinds.pictures import plain_photo
from tests.attack.space import PAGES
from tests.attack.stage import ATTACKER, Stage, own_address
from tests.attack.visitor import Refused

_MOST_UPLOAD = 60 * 2**20  # bytes of a file: a Space takes 64 MB


def churn(stage: Stage) -> str:
    """Four clients at one address who connect, ask and leave, as fast as they can, for half a minute."""
    end = time.monotonic() + stage.size.of(30, least=5)

    def work(_number: int) -> str:
        visits = refusals = 0
        while time.monotonic() < end:
            try:
                visitor = stage.visitor(patience=10)
                visitor.run(wait=False)
                visitor.vanish()
                visits += 1
            except Refused:
                refusals += 1
                time.sleep(0.05)
        return f"{visits} visits, {refusals} refused"

    return stage.together(4, work)


def sessions(stage: Stage) -> str:
    """Visitors who come one after the other, open one of five pages each, and stay."""

    def work(number: int) -> str:
        visitor = stage.visitor(own_address(number))
        visitor.open(PAGES[number % len(PAGES)])
        return "stayed"

    shares = [range(start, stage.size.sessions, 4) for start in range(4)]  # four are on their way at a time
    return stage.together(
        4, lambda share: f"{[work(number) for number in shares[share]].count('stayed')} stayed"
    )


def crowd(stage: Stage) -> str:
    """Visitors who all come in the same moment, and look at the picture twice."""

    def work(number: int) -> str:
        visitor = stage.visitor(own_address(number), patience=60)
        begun = time.monotonic()
        visitor.open()
        visitor.run()
        return f"answered within {10 * (1 + (time.monotonic() - begun) // 10):.0f} s"

    return stage.together(stage.size.crowd, work)


def uploads(stage: Stage) -> str:
    """One visitor who sends 20 files of 60 MB and never says what they are for."""
    visitor = stage.visitor()
    visitor.open()
    content = bytes(stage.size.of(_MOST_UPLOAD))
    taken = 0
    try:
        for place in visitor.places(20):
            visitor.put(place.upload_url, "photo.png", content)
            taken += len(content)
    except Refused as refusal:
        return f"{taken / 1e6:.0f} MB taken, then {refusal}"
    return f"{taken / 1e6:.0f} MB taken, none refused"


def idlers(stage: Stage) -> str:
    """900 clients who begin a request and never end it, and 20 who begin an upload, for half a minute."""
    place = urlsplit(stage.space.url)
    target, seconds = (place.hostname or "", place.port or 0), stage.size.of(30, least=5)
    visitor = stage.visitor(own_address(0))
    visitor.open()
    path = visitor.places(1)[0].upload_url
    get = f"GET / HTTP/1.1\r\nHost: {place.netloc}\r\n".encode()
    put = f"PUT {path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: 100000000\r\n".encode()
    put += b"Content-Type: multipart/form-data; boundary=line\r\n\r\n--line\r\n"
    refused = 0
    with ExitStack() as held:
        begun = []
        for request in [get] * stage.size.of(900) + [put] * stage.size.of(20):
            try:
                client = socket.create_connection(target, timeout=5, source_address=(ATTACKER, 0))
                begun.append(held.enter_context(client))
                client.sendall(request)
            except OSError:
                refused += 1
        time.sleep(seconds)
        still = sum(map(_is_open, begun))
        visitor.upload(
            ("part.jpg", plain_photo(1))
        )  # as somebody who means no harm; raises if there is no room
    return f"{still} of {len(begun)} still open after {seconds} s, {refused} refused"


def _is_open(client: socket.socket) -> bool:
    client.settimeout(0.01)
    with suppress(TimeoutError):
        try:
            return bool(client.recv(1))
        except ConnectionError:
            return False
    return True


def deaf(stage: Stage) -> str:
    """Eight clients who ask for the page again and again and never read an answer."""

    def work(_number: int) -> str:
        visitor = stage.visitor()
        asked = 0
        try:
            for _ in range(stage.size.of(200, least=20)):
                visitor.run(wait=False)
                asked += 1
                time.sleep(0.1)
        except Refused:
            return f"sent away after {asked}"
        return "never sent away"

    return stage.together(8, work)
