"""What the supervisor of a paper run and its node both need: where, which venue, which keys."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tc.exchange import VenueLine
    from tc.ports import OnStop
    from tc.spec.instrument import InstrumentSpec
    from tc.spec.paper_spec import NodeSpec
    from tc.spec.run_spec import RunSpec
    from tc.spec.venue_url import VenueUrl

SETTLED_WITHIN_S = 10.0
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class PaperPlace:
    """Where a paper run is made, and what of its venue the command consents to."""

    artifacts_root: Path
    runtime_root: Path
    means_testnet: bool = False


def line_to(url: "VenueUrl", node: "NodeSpec", environment: "Mapping[str, str]") -> "VenueLine":
    """Return our own signed line to a venue, with keys of an environment by the names that the spec gives."""
    from tc.exchange import VenueLine, read_keys

    return VenueLine(url, read_keys(node.api_key, node.api_secret, environment), timeout_s=2, patience_s=4)


def node_spec(spec: "RunSpec") -> "NodeSpec":
    """Return the node of a paper spec, which has one."""
    if spec.node is None:
        raise AssertionError("a paper spec without a node was not refused")
    return spec.node


def on_stop_of(spec: "RunSpec") -> "OnStop":
    """Return what becomes of orders and positions when the run ends."""
    return "cancel" if spec.stop is None else spec.stop.on_stop


def judged(url: str, node: "NodeSpec", place: PaperPlace) -> "VenueUrl":
    """Return where a venue is, when orders may go there; RefusedError when they may not."""
    from tc.spec.venue_url import judge

    return judge(url, environment=node.environment, has_consent=place.means_testnet)


def new_paper_run_id(spec: "RunSpec", instrument: "InstrumentSpec") -> str:
    """Return an id of name, time and spec: the node makes the run's directory, and is found by it from the start."""
    from datetime import UTC, datetime
    from hashlib import sha256

    from msgspec import json

    from tc.spec.effective import effective_document
    from tc.store.layout import new_run_id

    digest = sha256(json.encode(effective_document(spec, instrument), order="sorted")).hexdigest()
    return new_run_id(spec.name, datetime.now(UTC), digest)


def keys_to_make(spec: "RunSpec") -> tuple[str, ...]:
    """Return the names of the keys that are not set and that a run on an embedded venue makes for itself."""
    from tc.exchange.wire.keys import missing_keys

    node = node_spec(spec)
    return () if node.venue is None else missing_keys(os.environ, node.api_key, node.api_secret)


def environment_of(node: "NodeSpec") -> dict[str, str]:
    """Return the environment of venue and node, with keys made for an embedded venue where there are none."""
    from secrets import token_hex

    from tc.exchange.wire.keys import missing_keys, read_keys

    environment = dict(os.environ)
    if node.venue is not None:
        environment |= {name: token_hex(_KEY_BYTES) for name in missing_keys(environment, node.api_key, node.api_secret)}
    read_keys(node.api_key, node.api_secret, environment)
    return environment
