"""Whoever is woken up: takes what Alertmanager sends, and misses the one that always fires when it stops coming."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex

import msgspec

from tc.ports.drills import Seen
from tc.spec.drills.drill_spec import labels_text
from tc.spec.drills.words import DEAD_MANS_SWITCH, SILENT

_EVERYWHERE = frozenset({"alertname", "severity", "run", "instance", "job"})
"""Labels that tell nothing apart within a drill."""

_TOKEN_BYTES = 16
_MOST_BYTES = 1_000_000


class Alert(msgspec.Struct, frozen=True):
    """One alert in a message of Alertmanager."""

    status: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Message(msgspec.Struct, frozen=True, rename={"group": "groupKey"}):
    """What Alertmanager sends of one group, in its webhook's version 4: all that a receiver asks of it."""

    alerts: tuple[Alert, ...]
    group: str = ""


class Receiver:
    """Keeps what it is told until somebody looks.

    Parameters
    ----------
    silent_after_s
        So long after the last word of the dead man's switch is alerting itself taken for broken.

    """

    def __init__(self, silent_after_s: float) -> None:
        self._silent_after_s = silent_after_s
        self._told: deque[Seen] = deque()
        self._groups: dict[str, tuple[str, bool]] = {}
        self._labels: set[tuple[str, str]] = set()
        self._alive_s = 0.0
        self._is_silent = False
        self._lock = threading.Lock()
        self.url = ""

    @property
    def is_connected(self) -> bool:
        """Whether the alert that always fires has come: all of the way from the metrics to here works."""
        return self._alive_s > 0

    @property
    def firing(self) -> tuple[str, ...]:
        """The names of the alerts that fire now, but for the one that always does."""
        with self._lock:
            return self._firing()

    def take(self, message: Message) -> None:
        """Take one message of Alertmanager: all alerts of one group, as they are now."""
        with self._lock:
            for alert in message.alerts:
                self._take(message.group, alert, is_firing=any(each.status == "firing" for each in message.alerts))

    def look(self) -> tuple[Seen, ...]:
        """Return what began to fire, each with its labels at the end of its detail, or does so no more, since the last look."""
        now_s = time.monotonic()
        with self._lock:
            if self.is_connected and not self._is_silent and now_s - self._alive_s > self._silent_after_s:
                self._is_silent = True
                self._told.append(Seen("event", SILENT, f"nothing came for {self._silent_after_s:g} s"))
            told = tuple(self._told)
            self._told.clear()
        return told

    def _take(self, group: str, alert: Alert, *, is_firing: bool) -> None:
        name, summary = alert.labels.get("alertname", ""), alert.annotations.get("summary", "")
        if name == DEAD_MANS_SWITCH:
            self._alive_s, self._is_silent = time.monotonic(), False
            return
        before = name in self._firing()
        self._groups[group] = name, is_firing
        after = name in self._firing()
        labels = labels_text({label: value for label, value in alert.labels.items() if label not in _EVERYWHERE})
        if before and not after:
            self._labels = {each for each in self._labels if each[0] != name}
            self._told.append(Seen("resolved", name, summary))
        elif alert.status == "firing" and (name, labels) not in self._labels:
            self._labels.add((name, labels))
            self._told.append(Seen("alert", name, f"{summary} {labels}".strip()))

    def _firing(self) -> tuple[str, ...]:
        return tuple(sorted({name for name, is_firing in self._groups.values() if is_firing}))


@contextmanager
def receiving(silent_after_s: float) -> Iterator[Receiver]:
    """Listen for Alertmanager on a free port of this machine until the block is left."""
    receiver = Receiver(silent_after_s)
    path = f"/{token_hex(_TOKEN_BYTES)}"  # Who has not read Alertmanager's configuration cannot tell of alerts.

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if self.path != path:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            said = self.headers.get("Content-Length", "")
            length = min(int(said), _MOST_BYTES) if said.isascii() and said.isdecimal() else 0
            try:
                receiver.take(msgspec.json.decode(self.rfile.read(length), type=Message))
            except msgspec.DecodeError:
                self.send_error(HTTPStatus.BAD_REQUEST)
                return
            self.send_response(HTTPStatus.OK)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
            """Say nothing: what came stands in the drill's journal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}{path}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="tc-receiver")
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
