"""The control socket of a node: lines of JSON in, lines of JSON out; for whoever may write to it, which is its own user."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from tc.core.events import KillMode
from tc.engines.nautilus.live.stopping.kill import Kill
from tc.errors import TcError

_LONGEST_LINE = 64 << 10
_LAST_STEPS = frozenset({"halted", "failed"})


class KillRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="kill"):
    """Carry out the kill switch; every step is answered with a line, ``halted`` or ``failed`` is the last."""

    mode: KillMode
    reason: str
    actor: str


class StatusRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="status"):
    """Say where the node stands, in one line."""


class HoldingsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="holdings"):
    """Say what the engine's own cache holds, in one line."""


class HealRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="heal"):
    """Let the engine take over what the venue says, inventing what it must, and say whether it could."""


class PingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="ping"):
    """Say that the loop is alive."""


Request = KillRequest | StatusRequest | HoldingsRequest | HealRequest | PingRequest
_decode = msgspec.json.Decoder(Request).decode


class ControlSocket:
    """Serves a node's control socket on its event loop.

    Parameters
    ----------
    path
        Where it listens; what lies there from a node that died is removed.
    kill
        Carries out a kill; or says in words why nothing here may be controlled: every kill and heal is refused with that.
    status, holdings
        Return where the node stands, and what the engine's cache holds.
    heal
        Lets the engine reconcile itself, and says whether it could.

    """

    def __init__(
        self,
        path: Path,
        kill: Kill | str,
        *,
        status: Callable[[], Mapping[str, Any]],
        holdings: Callable[[], Mapping[str, Any]],
        heal: Callable[[], Awaitable[bool]],
    ) -> None:
        self._path = path
        self._kill = kill
        self._status = status
        self._holdings = holdings
        self._heal = heal
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Listen; only the node's own user may connect."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._served, self._path, limit=_LONGEST_LINE)
        finally:
            os.umask(before)

    def close(self) -> None:
        """Listen no longer, and end the conversations."""
        if self._server is not None:
            self._server.close()
            for writer in self._talking:
                writer.close()
            self._path.unlink(missing_ok=True)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talking.add(writer)
        # A line without an end is a ValueError: who sends that is not answered any more.
        with suppress(ConnectionError, asyncio.CancelledError, ValueError):
            while line := await reader.readline():
                await self._answered(line, writer)
        self._talking.discard(writer)
        writer.close()

    async def _answered(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        def say(answer: Mapping[str, Any]) -> None:
            if not writer.is_closing():
                writer.write(msgspec.json.encode(answer) + b"\n")

        try:
            request = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            say({"error": f"not a request: {error}"})
        else:
            await self._done(request, say)
        await writer.drain()

    async def _done(self, request: Request, say: Callable[[Mapping[str, Any]], None]) -> None:
        match request:
            case KillRequest():
                await self._killed(request, say)
            case StatusRequest():
                say(self._status())
            case HoldingsRequest():
                say(self._holdings())
            case HealRequest():
                say({"healed": False, "why": self._kill} if isinstance(self._kill, str) else {"healed": await self._heal()})
            case PingRequest():
                say({"pong": True})

    async def _killed(self, request: KillRequest, say: Callable[[Mapping[str, Any]], None]) -> None:
        kill = self._kill
        if isinstance(kill, str):
            say({"step": "failed", "why": f"this node is only watched: {kill}"})
            return
        steps: list[str] = []

        def tell(step: Mapping[str, Any]) -> None:
            steps.append(step["step"])
            say(step)

        try:
            if not kill.ask(request.mode, request.reason, request.actor, tell):
                say({"step": "unchanged", "mode": kill.mode})
                kill.listen(tell)
        except TcError as error:
            say({"step": "failed", "why": error.message})
            return
        await kill.done()
        if not _LAST_STEPS.intersection(steps) and kill.mode != "reduce":
            say(
                {
                    "step": "halted" if kill.is_halted else "failed",
                    "mode": kill.mode,
                    "detail": "; ".join(kill.left),
                }
            )
