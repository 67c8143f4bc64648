"""An embedded venue that has ended, asked again: from a copy of its state file and without a market, so that nothing moves."""

import fcntl
import shutil
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tc.exchange.wire.keys import Keys
    from tc.spec.instrument import InstrumentSpec
    from tc.spec.venue_url import VenueUrl

_KEY_BYTES = 32


def is_held(state: Path) -> bool:
    """Say whether a venue runs on a state file now."""
    try:
        with Path(f"{state}.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


@asynccontextmanager
async def served_again(state: Path, instrument: "InstrumentSpec") -> "AsyncIterator[tuple[VenueUrl, Keys]]":
    """Serve what a state file holds on a free port of this machine, and yield where, and what signs; the file stays as it is.

    Raises
    ------
    ArtifactError
        The file is no state of a venue.

    """
    from tc.spec.venue_url import judge
    from tc.venue.building import VenueSettings, open_venue
    from tc.venue.clock import SystemClock
    from tc.venue.protocol.access import Access
    from tc.venue.server.at_rest import served_at_rest
    from tc.wiring.venue import symbol_rules

    keys = _new_keys()
    with tempfile.TemporaryDirectory(prefix="tc-venue-") as folder:
        settings = VenueSettings(
            rules=symbol_rules(instrument),
            balances={},
            state=copied(state, Path(folder)),
            access=Access(keys.api_key, keys.api_secret),
        )
        with open_venue(settings, SystemClock()) as (venue, _):
            async with served_at_rest(venue) as url:
                yield judge(url), keys


def _new_keys() -> "Keys":
    from secrets import token_hex

    from tc.exchange.wire.keys import Keys

    return Keys(token_hex(_KEY_BYTES), token_hex(_KEY_BYTES))


def copied(state: Path, folder: Path) -> Path:
    """Copy a state file, with what of it stands in its log still, and return the copy.

    While a venue writes to it the two may not be copied one after the other; then the database itself hands out one moment.
    """
    if is_held(state):
        return _copied_while_written(state, folder / "venue.sqlite")
    for suffix in ("", "-wal"):
        source = Path(f"{state}{suffix}")
        if source.exists():
            shutil.copy(source, folder / f"venue.sqlite{suffix}")
    return folder / "venue.sqlite"


def _copied_while_written(state: Path, copy: Path) -> Path:
    import sqlite3
    from contextlib import closing

    with (
        closing(sqlite3.connect(f"{state.resolve().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    return copy
