"""What a run directory says of its run's venue: enough to ask it again, with keys by name only."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from tc.errors import ArtifactError
from tc.flows.configuration import read_configuration
from tc.spec.instrument import InstrumentSpec
from tc.spec.paper_spec import NodeSpec
from tc.store.layout import RunDirectory
from tc.store.metadata import read_metadata


@dataclass(frozen=True, slots=True)
class RunVenue:
    """Where a run traded.

    Parameters
    ----------
    node
        The spec's node; None for a backtest, and for a node that was attached to.
    is_backtest, is_attached
        Whether there was no venue at all; whether the node is somebody's own, which may trade more than the run records.
    instrument
        What was traded, where the configuration says it.
    since_ns
        When the run began, by this machine's clock, in nanoseconds since the epoch.
    leaves_orders
        Whether it was to leave its open orders at the venue when it ended.

    """

    node: NodeSpec | None
    is_backtest: bool
    is_attached: bool
    instrument: InstrumentSpec | None
    since_ns: int
    leaves_orders: bool = False

    @property
    def instruments(self) -> Mapping[str, str]:
        """Instrument ids by the venue's symbols."""
        return {} if self.instrument is None else {self.instrument.raw_symbol: self.instrument.id}


class _Stop(msgspec.Struct, frozen=True):
    on_stop: str = ""


class _Spec(msgspec.Struct, frozen=True):
    mode: str = ""
    node: NodeSpec | None = None
    stop: _Stop | None = None


class _Document(msgspec.Struct, frozen=True):
    run_spec: _Spec = _Spec()
    instrument: InstrumentSpec | None = None


def venue_of(run: RunDirectory) -> RunVenue:
    """Return what a run's configuration and metadata say of its venue.

    Raises
    ------
    ArtifactError
        One of them cannot be read.

    """
    stored, metadata = read_configuration(run), read_metadata(run)
    try:
        document = msgspec.convert(stored.document, _Document)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ArtifactError(f"{run.configuration} does not say where the run traded: {error}") from None
    mode = document.run_spec.mode or metadata.mode
    return RunVenue(
        node=document.run_spec.node,
        is_backtest=mode == "backtest",
        is_attached=mode == "attached",
        instrument=document.instrument,
        since_ns=(metadata.started or metadata.created).ns,
        leaves_orders=document.run_spec.stop is not None and document.run_spec.stop.on_stop == "leave",
    )
