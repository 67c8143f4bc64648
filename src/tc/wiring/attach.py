"""What `attach(node, SPEC)` really gets: what may be done to a node that somebody else built, by where it sends its orders."""

import atexit
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tc.errors import ArtifactError, DocumentError, RefusedError, TcError
from tc.wiring.data import candles_of_tape
from tc.wiring.paper_parts import PaperPlace, new_paper_run_id

if TYPE_CHECKING:
    from tc.engines.nautilus.live.attached.attachment import NautilusNodeEngine
    from tc.engines.nautilus.live.attached.venue import NodeVenue
    from tc.flows.paper.attached import AttachedRun
    from tc.ports import AttachRequest
    from tc.spec.instrument import InstrumentSpec
    from tc.spec.paper_spec import NodeSpec
    from tc.spec.run_spec import RunSpec
    from tc.spec.venue_url import VenueUrl
    from tc.store.layout import RunDirectory

HINT_SPEC = "`tc spec init --attached` writes one."


class Attached:
    """What `attach` returns: the run that the node is recorded into.

    Parameters
    ----------
    run
        The run.
    watched_only
        Why nothing of the node may be controlled from here; empty where it may.

    """

    def __init__(self, run: "AttachedRun", watched_only: str) -> None:
        self._run = run
        self.watched_only = watched_only

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self._run.run.run_id

    @property
    def directory(self) -> Path:
        """The run directory."""
        return self._run.run.path

    @property
    def status(self) -> str:
        """How the run ended, once it is sealed; empty until then."""
        return "" if self._run.finished is None else self._run.finished.status

    def detach(self) -> None:
        """End the recording and seal the run; the node goes on without it. RefusedError while the kill switch holds the node."""
        self._run.detach()

    def wait(self) -> None:
        """Wait until the run is sealed, if its recording is over."""
        self._run.wait()

    def __repr__(self) -> str:
        """Return the run and what is done to its node."""
        return f"<attached: run {self.run_id}, {'only watched' if self.watched_only else 'with kill switch'}>"


def attach_here(
    node: object,
    spec: "str | os.PathLike[str]",
    *,
    means_testnet: bool,
    run_id: str | None,
    artifacts_root: "str | os.PathLike[str] | None",
    runtime_root: "str | os.PathLike[str] | None",
) -> Attached:
    """Attach to a node, in the folders that this process's environment names; they are absolute: a node's script may move."""
    place = PaperPlace(
        Path(artifacts_root or os.environ.get("TC_ARTIFACTS_ROOT") or "artifacts").resolve(),
        Path(runtime_root or os.environ.get("TC_RUNTIME_ROOT") or "runtime").resolve(),
        means_testnet,
    )
    if run_id is not None and not isinstance(run_id, str):
        raise DocumentError(f"attach was given the run_id {run_id!r}; expected a text", hint="Leave it out, and one is made.")
    try:
        return attach_node(node, Path(spec), place, run_id=run_id)
    except TcError as error:
        error.hint = error.hint.replace("--artifacts-root", "artifacts_root").replace("--runtime-root", "runtime_root")
        raise
    except OSError as error:
        raise ArtifactError(
            f"{error.filename or place.runtime_root}: {error.strerror}",
            hint="Give attach another artifacts_root or runtime_root.",
        ) from None


def attach_node(node: object, spec: Path, place: PaperPlace, *, run_id: str | None) -> Attached:
    """Attach to a node that is built and not started, as a spec says; nothing is asked of its venue."""
    from tc.engines.nautilus.live.attached.attachment import NautilusNodeEngine
    from tc.spec.check import load_documents, stated_mode

    if (mode := stated_mode(spec) or "attached") != "attached":
        raise DocumentError(f"{spec}: mode: value {mode!r}: a node is attached to by mode: attached", hint=HINT_SPEC)
    document, instrument = load_documents(spec)
    if document.mode != "attached":
        raise DocumentError(f"{spec}: mode: value {document.mode!r}: a node is attached to by mode: attached", hint=HINT_SPEC)
    engine = NautilusNodeEngine(node)
    url = _judged(document, engine.venue, place)
    run_id = new_paper_run_id(document, instrument) if run_id is None else run_id
    making = _Making(_with_venue(document, url), instrument, place, run_id, url)
    try:
        run = making.attached(engine)
    except BaseException:
        making.forget()
        raise
    atexit.register(run.leave)
    return Attached(run, url if isinstance(url, str) else "")


def _judged(spec: "RunSpec", venue: "NodeVenue", place: PaperPlace) -> "VenueUrl | str":
    """Return where the node trades, when it may be controlled there, or why it may not; RefusedError where the spec needs it."""
    url = _allowed(_node_of(spec), venue, place)
    expected = _node_of(spec).venue_url
    if expected is not None and expected.rstrip("/") not in {str(url), venue.http.rstrip("/")}:
        raise RefusedError(
            f"the spec says that the node trades at {expected!r}, and it does not",
            hint="Correct node.venue_url, or the node's base_url_http.",
        )
    if isinstance(url, str) and spec.gate == "on":
        raise RefusedError(f"this node can only be watched: {url}", hint="Write gate: observe.")
    return url


def _allowed(node: "NodeSpec", venue: "NodeVenue", place: PaperPlace) -> "VenueUrl | str":
    from tc.spec.venue_url import judge

    if venue.unknown:
        return venue.unknown
    try:
        judged = [judge(each, environment=node.environment, has_consent=place.means_testnet) for each in venue.urls]
    except RefusedError as error:
        return error.message
    if len({each.environment for each in judged}) > 1:
        return "it sends orders to this machine and to a testnet"
    return judged[0]


def _node_of(spec: "RunSpec") -> "NodeSpec":
    from tc.spec.paper_spec import NodeSpec

    return NodeSpec() if spec.node is None else spec.node


def _with_venue(spec: "RunSpec", url: "VenueUrl | str") -> "RunSpec":
    """Return the spec as it is recorded: with the venue that was found, where that may be asked later."""
    from msgspec.structs import replace

    return replace(spec, node=replace(_node_of(spec), venue_url=None if isinstance(url, str) else str(url)))


@dataclass(frozen=True, slots=True)
class _Making:
    """What an attached run is made of."""

    spec: "RunSpec"
    instrument: "InstrumentSpec"
    place: PaperPlace
    run_id: str
    url: "VenueUrl | str"

    def attached(self, engine: "NautilusNodeEngine") -> "AttachedRun":
        """Make the run, and attach."""
        from functools import partial

        from tc.flows.paper.attached import attach_run
        from tc.flows.recording.circumstances import circumstances_here
        from tc.flows.runs.report import report_run
        from tc.store.kill_switch import FOLDER, KillSwitch

        switch = KillSwitch(self.place.runtime_root / FOLDER)
        # What is only observed waits for no disk: the node's loop is not ours.
        is_durable = self.spec.gate == "on"
        return attach_run(
            self._request,
            run_id=self.run_id,
            engine=engine,
            circumstances=circumstances_here(artifacts_root=self.place.artifacts_root, run_id=self.run_id, is_durable=is_durable),
            report=partial(report_run, draw_tape=candles_of_tape),
            active_switch=lambda: switch.effective(run_id=self.run_id, name=self.spec.name),
            on_end=self.forget,
        )

    def forget(self) -> None:
        """Take the node's name away."""
        from contextlib import suppress

        from tc.store.nodes import remove_node

        with suppress(TcError):
            remove_node(self.place.runtime_root, self.run_id)

    def _request(self, run: "RunDirectory") -> "AttachRequest":
        from tc.ports import AttachRequest
        from tc.store.kill_switch import FOLDER, KillSwitch
        from tc.wiring.paper import OwnVenueLine, tape_of

        self._announce(run)
        node = _node_of(self.spec)
        return AttachRequest(
            spec=self.spec,
            instrument=self.instrument,
            run_id=run.run_id,
            runtime_root=self.place.runtime_root,
            tape=tape_of(node.tape, run, None),
            line=self.url if isinstance(self.url, str) else OwnVenueLine(self.url, node),
            kill_position=KillSwitch(self.place.runtime_root / FOLDER).position,
            run=run,
        )

    def _announce(self, run: "RunDirectory") -> None:
        """Write down how the node is reached; where it is only watched, nothing that could be sent from outside."""
        from msgspec.structs import replace

        from tc.exchange import read_keys
        from tc.store.nodes import NodeDocument, socket_path, write_node

        document = NodeDocument(
            run_id=run.run_id,
            name=self.spec.name,
            directory=str(run.path.resolve()),
            socket=str(socket_path(self.place.runtime_root, run.run_id)),
            pid=os.getpid(),
        )
        if not isinstance(self.url, str):
            node = _node_of(self.spec)
            read_keys(node.api_key, node.api_secret, os.environ)
            document = replace(
                document,
                venue_url=str(self.url),
                environment=node.environment,
                api_key_env=node.api_key,
                api_secret_env=node.api_secret,
            )
        write_node(self.place.runtime_root, document)
