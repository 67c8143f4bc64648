"""Who listens to which stream, and the sending: written at once for all, and never waited for.

A reader that does not keep up is cut off: what waits for it in its socket is bounded.
"""

import asyncio
from collections.abc import Iterable

from tc.venue.frames import combined, text_frame

MOST_WAITING_BYTES = 8 * 1024**2


class Listener:
    """One WebSocket, and the streams that it listens to."""

    def __init__(self, transport: asyncio.Transport, *, is_combined: bool, is_user: bool = False) -> None:
        self.is_combined, self.is_user = is_combined, is_user
        self.streams: dict[str, None] = {}
        self.is_cut_off = False
        self._transport = transport
        self._frames: list[bytes] = []

    def send(self, frame: bytes) -> None:
        """Send a frame with the others of this turn of the event loop."""
        if not self._frames:
            asyncio.get_running_loop().call_soon(self._write)
        self._frames.append(frame)

    def abort(self) -> None:
        """End the connection without a word; what was not sent is lost."""
        self._transport.abort()

    def _write(self) -> None:
        data, self._frames = b"".join(self._frames), []
        if self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MOST_WAITING_BYTES:
            self.is_cut_off = True
            self.abort()


class Hub:
    """All who listen, by the name of the stream."""

    def __init__(self) -> None:
        self.listeners: dict[Listener, None] = {}
        self.messages_sent = 0
        self.cut_off = 0
        """How many listeners were cut off because they did not keep up."""
        self._by_stream: dict[str, dict[Listener, None]] = {}

    def join(self, listener: Listener, streams: Iterable[str]) -> None:
        """Let a listener hear more streams."""
        self.listeners[listener] = None
        for stream in streams:
            listener.streams[stream] = None
            self._by_stream.setdefault(stream, {})[listener] = None

    def leave(self, listener: Listener, streams: Iterable[str]) -> None:
        """Let a listener hear no more of some streams."""
        for stream in tuple(streams):
            listener.streams.pop(stream, None)
            heard_by = self._by_stream.get(stream, {})
            heard_by.pop(listener, None)
            if not heard_by:
                self._by_stream.pop(stream, None)

    def part(self, listener: Listener) -> None:
        """Forget a listener."""
        self.leave(listener, listener.streams)
        self.listeners.pop(listener, None)

    def has(self, stream: str) -> bool:
        """Tell whether anybody listens."""
        return stream in self._by_stream

    def publish(self, stream: str, payload: bytes) -> None:
        """Send to all who listen."""
        frames: dict[bool, bytes] = {}
        for listener in self._by_stream.get(stream, ()):
            frame = frames.get(listener.is_combined)
            if frame is None:
                frame = text_frame(combined(stream, payload) if listener.is_combined else payload)
                frames[listener.is_combined] = frame
            listener.send(frame)
            self.messages_sent += 1
