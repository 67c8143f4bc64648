"""A live node of ours, run as a program, as a paper run's is: it trades until a line comes in, and leaves what came of it.

python tests/live_node.py JOB.json
"""

import asyncio
import json
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import msgspec

from tc.core import CoreConfiguration, EventStreamEntry, fold_event_stream_entries, state_digest
from tc.core.configuration import CONFIGURATION_VERSION
from tc.core.events import STREAM_SCHEMA, RunStarted, RunStopped
from tc.engines.nautilus.live.node import NautilusLiveEngine
from tc.errors import TcError
from tc.exchange import Keys, VenueLine, flatten
from tc.exchange.flattening.open_items import read_open_items
from tc.ports import PaperRequest, Reconciling
from tc.runtime.refeed import refeed
from tc.runtime.stream import EventStream
from tc.spec.effective import core_document
from tc.spec.gate_spec import LIMITS
from tc.spec.library import load_instrument
from tc.spec.run_spec import RunSpec
from tc.spec.venue_url import VenueUrl, judge
from venue_process import API_KEY, API_SECRET

RUN_ID = "live-20260101t000000z-abcdef12"
NAME = "live"
SPEC = {
    "spec_version": 1,
    "name": NAME,
    "mode": "paper",
    "engine": "nautilus",
    "venue": {
        "name": "BINANCE",
        "account_type": "margin",
        "oms_type": "netting",
        "starting_balances": ["100000 USDT"],
        "default_leverage": "10",
    },
    "instrument": "BTCUSDT-PERP.BINANCE",
    "seed": 1,
    "gate": "on",
    "risk": dict.fromkeys(LIMITS),
}


class Tape:
    """Counts rows, and keeps them."""

    id = "a-tape"

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def append(self, row: Any) -> int:
        self.rows.append(row)
        return len(self.rows) - 1

    def turn(self) -> tuple[()]:
        return ()

    def close(self) -> tuple[()]:
        return ()


class Line:
    """Our own signed line to the venue."""

    def __init__(self, url: VenueUrl) -> None:
        self._url = url

    async def left(self) -> tuple[str, ...]:
        async with self._line() as line:
            items = await read_open_items(line, None)
        if items.errors:
            raise items.errors[0]
        return (*items.order_words(), *items.position_words())

    async def flatten(self) -> tuple[str, ...]:
        async with self._line() as line:
            await flatten(line, deadline_s=5)
        return await self.left()

    def _line(self) -> VenueLine:
        return VenueLine(self._url, Keys(API_KEY, API_SECRET), timeout_s=2, patience_s=2)


def run(job: dict[str, Any], folder: Path) -> dict[str, Any]:
    spec = msgspec.convert({**SPEC, **job["spec"]}, RunSpec)
    instrument = load_instrument(spec.instrument, search=())
    url = judge(job["url"])
    tape = Tape()
    request = PaperRequest(
        spec=spec,
        instrument=instrument,
        spec_folder=folder,
        venue_url=url,
        run_id=RUN_ID,
        logs=folder / "logs",
        runtime_root=folder / "runtime",
        tape=tape,
        own_line=Line(url),
        on_stop=job["on_stop"],
        stop_seconds=job["stop_seconds"],
        most_retries=job["most_retries"],
        reconciling=Reconciling(**job["reconciling"]),
    )
    node = NautilusLiveEngine().prepare(request)
    document = {
        "configuration_version": CONFIGURATION_VERSION,
        "core": core_document(spec, instrument),
        "strategy": node.identity.document(),
    }
    configuration = CoreConfiguration.from_document(document)
    entries: list[EventStreamEntry] = []
    decisions: list[Any] = []
    stream = EventStream(
        configuration,
        append=entries.append,
        checkpoint=lambda position, digest: None,
        checkpoint_every=10**9,
        decided=decisions.append,
        strategy=node.core_strategy,
    )
    stream.emit(RunStarted(time.time_ns(), STREAM_SCHEMA, configuration.fingerprint))
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    result: dict[str, Any] = {"error": "", "trace": "", "outcome": None}
    try:
        outcome = node.run(stream, on_state=lambda state: say(state=state), should_stop=stop.is_set)
        result["outcome"] = msgspec.to_builtins(outcome)
        stream.emit(RunStopped(outcome.at_ns, "asked"))
    except TcError as error:
        result["error"] = f"{type(error).__name__}: {error.message}"
        result["trace"] = "".join(traceback.format_exception(error))
    finally:
        node.close()
    refed = refeed(entries, configuration=configuration, strategy=node.core_strategy)
    result["unsettled"] = list(node.unsettled)
    result["rows"] = len(tape.rows)
    result["is_replayed"] = (
        refed.difference is None
        and refed.state_digest == state_digest(stream.state)
        and refed.decisions == len(decisions)
        and state_digest(fold_event_stream_entries(entries, configuration=configuration)) == refed.state_digest
    )
    result["difference"] = repr(refed.difference)
    (folder / "entries.json").write_bytes(msgspec.json.encode(entries))
    (folder / "decisions.json").write_bytes(msgspec.json.encode(decisions))
    return result


def say(**message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    path = Path(sys.argv[1])
    result = run(json.loads(path.read_text()), path.parent)
    (path.parent / "result.json").write_text(json.dumps(result))
    say(state="ended")
    assert not asyncio.all_tasks(asyncio.new_event_loop())
