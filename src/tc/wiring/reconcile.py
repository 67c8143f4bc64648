"""What `tc reconcile` really gets: a document of what was observed, or a signed line to the run's venue."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tc.wiring.machine import witness_here

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from tc.checks.reconcile import Holdings, Unknown
    from tc.exchange.reading.account import VenueReading
    from tc.exchange.wire.keys import Keys
    from tc.exchange.wire.weight import RequestWeight
    from tc.flows.reconciliation.comparing import AskCache, Source
    from tc.flows.reconciliation.expected import Expected
    from tc.flows.reconciliation.heal import Healed
    from tc.flows.run_venue import RunVenue
    from tc.reports.reconciliation import ReconciliationDocument
    from tc.spec.venue_url import VenueUrl
    from tc.store.layout import RunDirectory

_EARLIER_NS = 10_000_000_000
"""So much earlier than the run's start histories are asked for: what counts is told by the venue's own clock then."""

BUSY_PATIENCE_S = 65.0
"""So long do a run's last look, and the second one of a heal, wait for request weight: each minute brings it anew."""

CACHE_WITHIN_S = 1.0
"""So long may a node take in all to tell what its cache holds; a comparison waits no longer for it."""

READ_ONLY = "this node is only watched: nothing may be sent to its venue from outside"
NOT_FOUND = "its venue does not run, as far as is known here: no node of this run is under the runtime root"


def reconcile_run(
    run: "RunDirectory", *, observed: Path | None, runtime_root: Path, means_testnet: bool
) -> "tuple[str, ReconciliationDocument]":
    """Compare a run's journal with a document of what was observed, or with its venue; return what was kept in `ops/`."""
    from tc.flows.reconciliation.reconcile import file_source, reconcile_run

    if observed is not None:
        return reconcile_run(run, file_source(observed), by=witness_here())
    source = _source_of(run, runtime_root, means_testnet=means_testnet)
    return reconcile_run(run, source, by=witness_here(), cached=_cache_of(run, runtime_root))


def heal_run(run: "RunDirectory", *, runtime_root: Path, means_testnet: bool) -> "Healed":
    """Compare a run with its venue, let its running node heal what differs, and compare again."""
    from tc.flows.reconciliation.heal import heal_run, healing_alone, node_to_heal
    from tc.flows.reconciliation.reconcile import reconcile_run

    node = node_to_heal(run, runtime_root)
    # What came of a heal is to be known; before it, unknown means that nothing is done.
    sources = [_source_of(run, runtime_root, means_testnet=means_testnet, busy_patience_s=each) for each in (0, BUSY_PATIENCE_S)]

    def compare() -> "tuple[str, ReconciliationDocument]":
        return reconcile_run(run, sources.pop(0), by=witness_here(), cached=_cache_of(run, runtime_root))

    with healing_alone(runtime_root, run.run_id):
        return heal_run(run, node, compare=compare, by=witness_here)


def reconcile_with_venue(
    run: "RunDirectory",
    url: "VenueUrl",
    *,
    runtime_root: Path,
    environment: "Mapping[str, str]",
    api_key_env: str,
    api_secret_env: str,
    heed: "Callable[[ReconciliationDocument], None]" = lambda _document: None,
    expected: "Expected | None" = None,
    everything: bool = True,
    busy_patience_s: float = 0,
    weight: "RequestWeight | None" = None,
) -> "tuple[str, ReconciliationDocument]":
    """Compare a run's journal with a venue whose URL was judged, keys taken from an environment by their names.

    ``heed`` is told what it came to before that is kept; ``expected`` is the run's journal as it was folded before; without
    ``everything`` the venue is not asked for orders in instruments that are not the run's, which costs it twice as much weight.
    Request weight that is used up is waited for, for ``busy_patience_s`` where that is longer than usual; what is learned of it
    is added to ``weight``.
    """
    from tc.flows.reconciliation.comparing import Source
    from tc.flows.reconciliation.reconcile import reconcile_run
    from tc.flows.run_venue import venue_of

    names = (api_key_env, api_secret_env)
    observe = _signed(
        venue_of(run), url, environment, names, everything=everything, busy_patience_s=busy_patience_s, weight=weight
    )
    source = Source("venue", str(url), observe)
    return reconcile_run(run, source, by=witness_here(), cached=_cache_of(run, runtime_root), heed=heed, expected=expected)


def _cache_of(run: "RunDirectory", runtime_root: Path) -> "AskCache":
    """Return what asks the run's node for its cache, if it has one that runs; all questions together take a second at most."""
    import time

    from tc.checks.reconcile import Unknown, holdings_of_cache
    from tc.errors import TcError
    from tc.flows.node_line import ask_holdings
    from tc.flows.run_venue import venue_of
    from tc.store.nodes import process_state, read_node

    venue = venue_of(run)
    only = frozenset(venue.instruments.values()) if venue.is_attached else None
    left_s = CACHE_WITHIN_S

    def ask() -> "Holdings | Unknown | None":
        nonlocal left_s
        began_s = time.monotonic()
        try:
            node = read_node(runtime_root, run.run_id)
            state = "gone" if node is None else process_state(node)
            if node is None or state == "gone":
                return None
            if state == "stopped":
                return Unknown("the node is stopped by a signal")
            if left_s <= 0:
                return Unknown(f"the node took longer than {CACHE_WITHIN_S:g} s to tell it")
            return holdings_of_cache(ask_holdings(node.socket, within_s=left_s), only=only)
        except TcError as error:
            return Unknown(error.message)
        finally:
            left_s -= time.monotonic() - began_s

    return ask


def _source_of(run: "RunDirectory", runtime_root: Path, *, means_testnet: bool, busy_patience_s: float = 0) -> "Source":
    """Return the venue of a run: its embedded one when that has ended, else where its node or its spec says that it trades."""
    from tc.checks.reconcile import Unknown
    from tc.errors import DocumentError
    from tc.flows.reconciliation.comparing import Source
    from tc.flows.run_venue import venue_of
    from tc.spec.venue_url import judge
    from tc.store.nodes import read_node

    venue, node = venue_of(run), read_node(runtime_root, run.run_id)
    ended = _ended_venue(run, venue, runtime_root)
    if ended is not None:
        return ended
    if node is not None and node.venue_url:
        where, environment, names = node.venue_url, node.environment, (node.api_key_env, node.api_secret_env)
    elif venue.node is not None and venue.node.venue_url is not None:
        where, environment, names = venue.node.venue_url, venue.node.environment, (venue.node.api_key, venue.node.api_secret)
    elif venue.is_backtest:
        raise DocumentError(
            f"run {run.run_id!r} is a backtest: there is no venue to ask",
            hint="Give --observed FILE to compare it with a document.",
        )
    else:
        reason = READ_ONLY if node is not None else NOT_FOUND
        return Source("venue", "none", lambda: Unknown(reason))
    url = judge(where, environment=environment, has_consent=means_testnet)
    return Source("venue", str(url), _signed(venue, url, os.environ, names, busy_patience_s=busy_patience_s))


def _ended_venue(run: "RunDirectory", venue: "RunVenue", runtime_root: Path) -> "Source | None":
    """Return the embedded venue of a run from its state file, when it is there and no venue runs on it; else None."""
    from tc.flows.reconciliation.comparing import Source
    from tc.wiring.kept_venue import is_held, served_again

    state = runtime_root / "venues" / f"{run.run_id}.sqlite"
    instrument = venue.instrument
    if venue.node is None or venue.node.venue != "embedded" or instrument is None or not state.is_file() or is_held(state):
        return None

    async def read() -> "VenueReading":
        async with served_again(state, instrument) as (url, keys):
            return await _read(venue, url, keys, everything=True)

    return Source("venue", f"embedded, from {state}", _asked(venue, read))


def _signed(
    venue: "RunVenue",
    url: "VenueUrl",
    environment: "Mapping[str, str]",
    names: tuple[str, str],
    *,
    everything: bool = True,
    busy_patience_s: float = 0,
    weight: "RequestWeight | None" = None,
) -> "Callable[[], Holdings | Unknown]":
    """Return what asks a venue over our own signed line, without the node."""
    from tc.exchange.wire.keys import read_keys

    async def read() -> "VenueReading":
        keys = read_keys(*names, environment)
        return await _read(venue, url, keys, everything=everything, busy_patience_s=busy_patience_s, weight=weight)

    return _asked(venue, read)


async def _read(
    venue: "RunVenue",
    url: "VenueUrl",
    keys: "Keys",
    *,
    everything: bool,
    busy_patience_s: float = 0,
    weight: "RequestWeight | None" = None,
) -> "VenueReading":
    from tc.exchange.reading.account import read_account
    from tc.exchange.wire.line import VenueLine

    told = _tell_wait if busy_patience_s else lambda _wait_s: None
    async with VenueLine(url, keys, busy_patience_s=busy_patience_s, told=told, weight=weight) as line:
        since_ns = venue.since_ns - _EARLIER_NS
        return await read_account(line, symbols=venue.instruments, since_ns=since_ns, everything=everything)


def _tell_wait(wait_s: float) -> None:
    """Say on standard error why nothing happens."""
    sys.stderr.write(f"the venue's request weight of this minute is used up: waiting {wait_s:.0f} s for the next one\n")


def _asked(venue: "RunVenue", read: "Callable[[], Coroutine[None, None, VenueReading]]") -> "Callable[[], Holdings | Unknown]":
    """Return what asks, and says what is held in the run's words; a venue that cannot be asked is unknown."""
    from asyncio import run
    from dataclasses import replace

    from tc.checks.reconcile import Unknown
    from tc.errors import ArtifactError, DocumentError, UnreachableError
    from tc.exchange.reading.holdings import held_at_venue

    def observe() -> "Holdings | Unknown":
        try:
            reading = run(read())
        except (UnreachableError, DocumentError, ArtifactError) as error:
            return Unknown(error.message)
        held = held_at_venue(reading, instruments=venue.instruments, since_ns=venue.since_ns + reading.skew_ns)
        until_ns = reading.at_ns + reading.duration_ns + reading.skew_ns
        return replace(held, until_ns=until_ns, ahead_ns=reading.skew_ns)

    return observe
