"""A visitor without a browser: speaks Streamlit's protocol over its websocket, as the page in a browser does.

Each visitor has an address of their own: the connection comes from it (all of 127.0.0.0/8 is this machine),
and `X-Forwarded-For` names it, as the proxy before a Space does.
"""

import http.client
import json
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs, UploadedFileInfo
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PATIENCE = 30.0
"""Seconds that a visitor waits for anything before they give up."""

_ENDED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
_BROKEN = ("exception", "script_compilation_exception")


class Refused(Exception):  # noqa: N818  (often what is wanted)
    """The workbench lets a visitor wait too long, or sends them away."""


class Absent(Exception):  # noqa: N818
    """What is to be used is not on the page: the attack, or the page, is not what it was."""


@dataclass
class Screen:
    """What stands on a visitor's page.

    Attributes:
        elements: Kind and label (for a component: its name) of what can be used, to its message.
        said: Sentences in coloured boxes.
        broken: What Streamlit itself says of a page that failed.
    """

    elements: dict[tuple[str, str], Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def take(self, delta: Delta) -> None:
        """One change of the page."""
        kind = delta.new_element.WhichOneof("type")
        if kind is None:
            return
        element = getattr(delta.new_element, kind)
        if kind == "alert":
            self.said.append(element.body)
        elif kind == "exception":
            self.broken.append(f"{element.type}: {element.message}"[:200])
        elif hasattr(element, "id"):
            self.elements[kind, getattr(element, "label", "") or getattr(element, "component_name", "")] = (
                element
            )


class Visitor:
    """One open page.

    Attributes:
        screen: What stands on it.
        session: Its id on the server.
        patience: Seconds that the visitor waits for anything.
    """

    def __init__(self, url: str, address: str = "127.0.0.2", patience: float = PATIENCE) -> None:
        """Args: url, of the workbench; address, from which it is visited; patience, see `PATIENCE`."""
        self.screen = Screen()
        self.session = ""
        self._url, self._address, self.patience = url, address, patience
        self._pages: dict[str, str] = {}  # the hash of a page's script
        self._page, self._query = "inspect", ""
        self._states: dict[str, WidgetState] = {}
        self._open = ExitStack()
        self._socket = self._connected()

    def _connected(self) -> ClientConnection:
        host = urlsplit(self._url).netloc
        try:
            connection = connect(
                f"ws://{host}/_stcore/stream",
                origin=Origin(self._url),
                subprotocols=[Subprotocol("streamlit")],
                additional_headers={"X-Forwarded-For": self._address},
                source_address=(self._address, 0),
                max_size=None,
                compression=None,
                open_timeout=self.patience,
                close_timeout=1,
                ping_interval=None,
            )
            return self._open.enter_context(connection)
        except (OSError, TimeoutError, WebSocketException) as error:
            raise Refused(f"no connection: {error}") from None

    def open(self, page: str = "inspect", query: str = "") -> Screen:
        """Follow a link to a page, such as "models"; the page once it stands still."""
        self._page, self._query, self._states = page, query, {}
        return self.run()

    def run(self, *once: WidgetState, wait: bool = True) -> Screen:
        """Have the page drawn again, with what was entered so far; `once` are clicks."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = self._query
        asked.page_name = self._page
        asked.page_script_hash = self._pages.get(self._page, "")
        asked.context_info.url = f"{self._url}/{self._page}"
        asked.widget_states.widgets.extend([*self._states.values(), *once])
        self.send(message)
        if wait:
            self._wait_until_drawn()
        return self.screen

    def send(self, message: BackMsg) -> None:
        """Send any message."""
        self.send_bytes(message.SerializeToString())

    def send_bytes(self, content: bytes) -> None:
        """Send what may be no message at all."""
        try:
            self._socket.send(content)
        except (OSError, WebSocketException) as error:
            raise Refused(f"sent away: {error}") from None

    def _received(self, deadline: float) -> ForwardMsg:
        try:
            content = self._socket.recv(max(0.01, deadline - time.monotonic()))
        except TimeoutError:
            raise Refused(f"no answer within {self.patience:.0f} s") from None
        except (OSError, WebSocketException) as error:
            raise Refused(f"sent away: {error}") from None
        return ForwardMsg.FromString(content if isinstance(content, bytes) else content.encode())

    def _wait_until_drawn(self) -> None:
        deadline = time.monotonic() + self.patience
        while True:
            message = self._received(deadline)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id
                self.screen = Screen()
            elif kind == "navigation":
                self._pages = {
                    page.url_pathname: page.page_script_hash for page in message.navigation.app_pages
                }
            elif kind == "delta":
                self.screen.take(message.delta)
            elif kind == "session_event" and message.session_event.WhichOneof("type") in _BROKEN:
                self.screen.broken.append("the script has a mistake")
            elif kind == "script_finished" and message.script_finished in _ENDED:
                return

    def enter(self, label: str, text: str) -> None:
        """Type a text; it is sent with the next run."""
        name = self._found("text_input", label).id
        self._states[name] = WidgetState(id=name, string_value=text)

    def click(self, label: str) -> Screen:
        """Press a button."""
        return self.run(WidgetState(id=self._found("button", label).id, trigger_value=True))

    def component(self, name: str) -> Any:
        """What a component of ours was given: a dictionary."""
        element = self._component(name)
        return json.loads(element.json or element.mixed.json)

    def change(self, name: str, wait: bool = True, **state: object) -> Screen:
        """Have a component of ours send a state."""
        element = self._component(name)
        self._states[element.id] = WidgetState(id=element.id, json_value=json.dumps(state))
        return self.run(wait=wait)

    def upload(self, *files: tuple[str, bytes], wait: bool = True) -> Screen:
        """Add photos; the page with what was made of them."""
        uploader = self._found("file_uploader", "Your own photos")
        state = self._states.setdefault(uploader.id, WidgetState(id=uploader.id))
        for (name, content), place in zip(files, self._places(files), strict=True):
            self.put(place.upload_url, name, content)
            state.file_uploader_state_value.uploaded_file_info.append(
                UploadedFileInfo(name=name, size=len(content), file_id=place.file_id, file_urls=place)
            )
        return self.run(wait=wait)

    def places(self, count: int) -> Sequence[FileURLs]:
        """Where so many files may be sent to, without a word about them to the page."""
        return self._places([("photo.png", b"")] * count)

    def _places(self, files: Sequence[tuple[str, bytes]]) -> Sequence[FileURLs]:
        message = BackMsg()
        request = message.file_urls_request
        request.request_id, request.session_id = uuid4().hex, self.session
        request.file_names.extend(name for name, _ in files)
        self.send(message)
        deadline = time.monotonic() + self.patience
        while True:
            answer = self._received(deadline)
            if answer.WhichOneof("type") == "file_urls_response":
                return answer.file_urls_response.file_urls

    def put(self, path: str, name: str, content: bytes) -> None:
        """Send a file, in the form that browsers send."""
        kind = "image/" + PurePath(name).suffix.strip(".")
        head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {kind}'
        body = b"--line\r\n%b\r\n\r\n%b\r\n--line--\r\n" % (head.encode(), content)
        headers = {"Content-Type": "multipart/form-data; boundary=line", "X-Forwarded-For": self._address}
        with requested(self._url, self._address, self.patience) as connection:
            try:
                connection.request("PUT", path, body, headers)
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException) as error:
                raise Refused(f"an upload broke off: {error}") from None
        if status >= 300:
            raise Refused(f"an upload was answered with {status}")

    def leave(self) -> None:
        """Close the page."""
        self._open.close()

    def vanish(self) -> None:
        """Be gone without a word, as a laptop that is closed."""
        with suppress(OSError):  # closing alone would wait for the thread that reads
            self._socket.socket.shutdown(socket.SHUT_RDWR)

    def _component(self, name: str) -> Any:
        for (kind, label), element in self.screen.elements.items():
            if kind == "bidi_component" and label.endswith(name):
                return element
        raise Absent(f"there is no {name} on the page; it says: {self.screen.said or self.screen.broken}")

    def _found(self, kind: str, label: str) -> Any:
        if (kind, label) not in self.screen.elements:
            said = self.screen.said or self.screen.broken
            raise Absent(f'there is no {kind} "{label}" on the page; it says: {said}')
        return self.screen.elements[kind, label]


@contextmanager
def requested(url: str, address: str, patience: float = PATIENCE) -> Iterator[http.client.HTTPConnection]:
    """A connection for requests of HTTP that come from an address."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(
        place.hostname or "", place.port, timeout=patience, source_address=(address, 0)
    )
    try:
        yield connection
    finally:
        connection.close()
