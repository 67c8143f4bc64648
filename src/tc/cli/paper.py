"""`tc run` of a paper spec: the supervisor's side, and the hidden command that is the node's."""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from tc import wiring
from tc.cli.interrupt import graceful_interrupt
from tc.cli.options import ARTIFACTS_ROOT, RUNTIME_ROOT, ArtifactsRoot, RuntimeRoot
from tc.cli.show import printable, show_error, show_fields, show_json
from tc.errors import ExitCode, TcError

if TYPE_CHECKING:
    from tc.flows.paper.supervise import Supervised
    from tc.reports.reconciliation import ReconciliationDocument
    from tc.spec.instrument import InstrumentSpec
    from tc.spec.run_spec import RunSpec

Spec = Annotated[Path, typer.Argument(metavar="SPEC", show_default=False)]
Overrides = Annotated[list[str] | None, typer.Option("--set", metavar="PATH=VALUE")]
RunId = Annotated[str, typer.Option("--run-id", metavar="ID")]
VenueUrl = Annotated[str, typer.Option("--venue-url", metavar="URL")]
MeansTestnet = Annotated[bool, typer.Option("--i-mean-testnet")]
Resumes = Annotated[bool, typer.Option("--resume")]
EndsWithParent = Annotated[bool, typer.Option("--ends-with-parent")]
Duration = Annotated[str | None, typer.Option("--duration", metavar="SECONDS")]

EXIT = {
    "completed": ExitCode.OK,
    "stopped": ExitCode.REFUSED,
    "killed": ExitCode.REFUSED,
    "blocked": ExitCode.REFUSED,
    "failed": ExitCode.ENGINE,
}


def run_paper(
    spec: Path,
    documents: "tuple[RunSpec, InstrumentSpec]",
    *,
    overrides: list[str],
    place: wiring.PaperPlace,
    run_id: str | None,
    as_json: bool,
) -> NoReturn:
    """Run a paper spec, which has been read already, say how it goes, and exit as it ended."""
    if made := wiring.keys_to_make(documents[0]):
        _note_keys(made)
    with graceful_interrupt() as should_stop:
        result = wiring.run_paper_spec(
            spec,
            overrides=overrides,
            documents=documents,
            place=place,
            run_id=run_id,
            on_state=_say,
            should_stop=should_stop,
        )
    _leave(result, as_json=as_json)


def resume_paper(run: str, *, place: wiring.PaperPlace, duration_s: str | None, as_json: bool) -> NoReturn:
    """Go on with a paper run that crashed, say how it goes, and exit as it ended."""
    with graceful_interrupt() as should_stop:
        result = wiring.resume_paper_run(run, place=place, duration_s=duration_s, on_state=_say, should_stop=should_stop)
    _leave(result, as_json=as_json)


def _leave(result: wiring.PaperResult, *, as_json: bool) -> NoReturn:
    document = document_of(result)
    show_json(document) if as_json else _show(document, result)
    error = result.supervised.error
    if error is not None:
        show_error(error.message, error.hint)
    raise typer.Exit(exit_code_of(result))


def node(
    spec: Spec,
    run_id: RunId,
    venue_url: VenueUrl,
    overrides: Overrides = None,
    resume: Resumes = False,
    duration: Duration = None,
    ends_with_parent: EndsWithParent = False,
    means_testnet: MeansTestnet = False,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    runtime_root: RuntimeRoot = RUNTIME_ROOT,
) -> None:
    """Run the node of a paper spec in this process: what `tc run` starts and watches. It ends when its standard input does."""
    place = wiring.PaperPlace(artifacts_root, runtime_root, means_testnet)
    with _lines() as say, graceful_interrupt() as should_stop:
        is_alone = _parent_is_gone(ends_at_once=ends_with_parent)
        common: dict[str, Any] = {
            "place": place,
            "venue_url": venue_url,
            "on_state": lambda state: say({"state": state}),
            "should_stop": lambda: should_stop() or is_alone(),
            "why_stopped": lambda: "its supervisor died" if is_alone() else "interrupted",
        }
        try:
            if resume:
                finished = wiring.resume_node(run_id, duration_s=duration, **common)
            else:
                finished = wiring.run_node(spec, overrides=overrides or (), run_id=run_id, **common)
        except TcError as error:
            say({"error": {"message": error.message, "hint": error.hint}})
            raise
        run = finished.finished
        if run.error is not None:
            say({"error": {"message": run.reason, "hint": run.error.hint}})
        say({"finished": run.to_dict(), "unsettled": list(finished.unsettled)})
    sys.stdout.flush()
    os._exit(EXIT[run.status])  # A strategy's threads, and Nautilus's own, must not keep the process alive.


@contextmanager
def _lines() -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Give what writes a line of JSON to the supervisor; what a strategy prints goes to standard error instead."""
    sys.stdout.flush()
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(message: Mapping[str, Any]) -> None:
        try:
            pipe.write(json.dumps(message) + "\n")
            pipe.flush()
        except OSError:
            return  # Nobody listens any more: the end of standard input says so, too.

    yield say


def _parent_is_gone(*, ends_at_once: bool) -> Callable[[], bool]:
    """Return what says whether standard input has ended, which it does with the supervisor.

    With an embedded venue, which ends in the same moment, there is nothing that the node could do: its run can be resumed.
    """
    ended = threading.Event()

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        ended.set()
        if ends_at_once:
            os._exit(ExitCode.UNREACHABLE)

    threading.Thread(target=wait, daemon=True).start()
    return ended.is_set


def _note_keys(names: tuple[str, ...]) -> None:
    typer.echo(
        f"note: {' and '.join(names)} {'is' if len(names) == 1 else 'are'} not set, and made for this run: while it runs, "
        "`tc kill` needs none, but `tc reconcile` does. Set both before `tc run` to have them in other shells.",
        err=True,
    )


def _say(state: str) -> None:
    typer.echo(f"node: {state}", err=True)


def document_of(result: wiring.PaperResult) -> dict[str, Any]:
    """Return the JSON object of ``--json``."""
    seen = result.supervised
    finished = dict(seen.finished or {})
    held = result.reconciliation
    return {
        "run_id": None if result.run is None else result.run.run_id,
        "directory": None if result.run is None else str(result.run.path),
        "status": finished.get("status", "crashed"),
        "reason": finished.get("reason", "" if seen.error is None else seen.error.message),
        "how": seen.how,
        "entries": finished.get("entries"),
        "positions": finished.get("positions"),
        "journal_digest": finished.get("journal_digest"),
        "merkle_root": finished.get("merkle_root"),
        "unsettled": list(seen.unsettled),
        "left_at_venue": list(seen.settled),
        "reconciliation": None if held is None else held.verdict,
    }


def _show(document: Mapping[str, Any], result: wiring.PaperResult) -> None:
    shown = {"run": document["run_id"] or "none was made", "status": document["status"]}
    if document["directory"]:
        shown["directory"] = document["directory"]
    if document["reason"]:
        shown["reason"] = document["reason"]
    if document["entries"] is not None:
        shown |= {"entries": f"{document['entries']:,}", "positions": f"{document['positions']:,}"}
        shown |= {"journal digest": document["journal_digest"], "merkle root": document["merkle_root"]}
    if document["unsettled"]:
        shown["the node left"] = "; ".join(document["unsettled"])
    if document["unsettled"] or result.supervised.is_settled:
        shown["left at the venue"] = left_words(result.supervised)
    if (held := result.reconciliation) is not None:
        shown["reconciliation"] = held.verdict
        if amounts := _held_at(held):
            shown["held"] = amounts
    show_fields({name: printable(str(value)) for name, value in shown.items()})


def left_words(seen: "Supervised") -> str:
    """Return what is left at the venue, once what was to be done from outside is done."""
    done = "nothing: it was taken care of from outside"
    untouched = "whatever the node left: nothing was done about it from outside"
    return "; ".join(seen.settled) or (done if seen.is_settled else untouched)


def _held_at(document: "ReconciliationDocument") -> str:
    """Return what the venue said at the end that its account still holds."""
    positions = (document.observed.positions if document.observed is not None else None) or ()
    return ", ".join(f"{each.signed_quantity} {each.instrument_id}" for each in positions if each.signed_quantity.strip("-0."))


def exit_code_of(result: wiring.PaperResult) -> int:
    """Return how the run ended; a run that completed and is not as its venue says has found something."""
    code = result.supervised.exit_code
    held = result.reconciliation
    if code == ExitCode.OK and held is not None:
        return {"clean": ExitCode.OK, "found": ExitCode.FOUND, "unknown": ExitCode.UNREACHABLE}[held.verdict]
    return code
