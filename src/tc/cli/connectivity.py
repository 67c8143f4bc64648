"""`tc connectivity`: whether what a spec needs to connect is configured, and what answers at its venue."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc import wiring
from tc.cli.options import ARTIFACTS_ROOT, ArtifactsRoot, AsJson
from tc.cli.show import at, printable, show_fields, show_json, show_table
from tc.cli.units import parse_seconds
from tc.errors import DocumentError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tc.reports.connectivity import ProbeDocument, ReadinessDocument

app = typer.Typer(help="Check what a spec needs to connect, and reach out to a venue.", no_args_is_help=True)

Spec = Annotated[
    Path | None,
    typer.Option("--spec", metavar="PATH", help="The RunSpec; left out, that of --run.", dir_okay=False, show_default=False),
]
Url = Annotated[
    str, typer.Option("--url", metavar="URL", help="What to reach, by http, https, tcp, ws or wss.", show_default=False)
]
Run = Annotated[
    str | None,
    typer.Option("--run", metavar="RUN", help="Keep it with this run: an id, the start of one, or latest.", show_default=False),
]
TimeoutMs = Annotated[
    int, typer.Option("--timeout-ms", metavar="MS", help="So long may an attempt take, everything included.", min=1, max=60_000)
]
Count = Annotated[int, typer.Option("--count", metavar="N", help="So many attempts.", min=1, max=1_000)]
Interval = Annotated[
    str, typer.Option("--interval", metavar="DURATION", help="Time between the beginnings of two attempts, such as 1s or 0.2.")
]
AllowExternal = Annotated[
    bool,
    typer.Option("--allow-external", help="Also off this machine, to read: no key, no body, no order is ever sent by a probe."),
]
CaFile = Annotated[
    Path | None,
    typer.Option("--ca-file", metavar="FILE", help="Certificates to trust instead of the system's, in PEM.", show_default=False),
]
FailOn = Annotated[
    list[str] | None,
    typer.Option("--fail-on", metavar="STATE", help="Exit 1 in this state; may be given again.", show_default=False),
]

MOST_ROWS = 20
_READINESS_STATES = ("disabled", "configured", "missing_credentials", "invalid_config")
_PROBE_STATES = ("ok", "http_error", "timeout", "unreachable", "tls_error", "unknown")
_NANOS_PER_MS = 1_000_000


@app.command()
def readiness(
    spec: Spec = None,
    run: Run = None,
    fail_on: FailOn = None,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    as_json: AsJson = False,
) -> None:
    """Look for the environment variables that a spec's connectivity_readiness names; nothing is connected to.

    States: disabled, configured, missing_credentials, invalid_config. Values are never stored or shown, only names. Exit 0
    whatever the state is, but for one named by --fail-on.
    """
    _require_states(fail_on, _READINESS_STATES)
    keep = wiring.connectivity_keeper(run, artifacts_root=artifacts_root)
    path, document = wiring.check_readiness(spec, keep=keep)
    show_json(_document(path, document)) if as_json else _show_readiness(path, document)
    raise typer.Exit(_exit(document.state, fail_on))


@app.command()
def probe(
    url: Url,
    spec: Spec = None,
    timeout_ms: TimeoutMs = 1000,
    count: Count = 1,
    interval: Interval = "1s",
    run: Run = None,
    allow_external: AllowExternal = False,
    ca_file: CaFile = None,
    fail_on: FailOn = None,
    artifacts_root: ArtifactsRoot = ARTIFACTS_ROOT,
    as_json: AsJson = False,
) -> None:
    """Reach out to a venue on this machine, and look at what answers and how fast.

    States: ok, http_error, timeout, unreachable, tls_error, unknown; of several attempts the worst. Redirects are not followed
    off this machine, and proxies play no part. Exit 0 whatever the state is, but for one named by --fail-on; 3 for a target
    that is not on this machine.
    """
    _require_states(fail_on, _PROBE_STATES)
    keep = wiring.connectivity_keeper(run, artifacts_root=artifacts_root)
    path, document = wiring.probe_venue(
        spec,
        url,
        timeout_ms=timeout_ms,
        count=count,
        interval_ms=_milliseconds(interval),
        allows_external=allow_external,
        ca_file=ca_file,
        keep=keep,
    )
    show_json(_document(path, document)) if as_json else _show_probe(path, document)
    raise typer.Exit(_exit(document.state, fail_on))


def _require_states(fail_on: "Sequence[str] | None", states: "Sequence[str]") -> None:
    for each in fail_on or ():
        if each not in states:
            raise DocumentError(f"{each!r} is no state", hint=f"Expected one of {', '.join(states)}.")


def _milliseconds(text: str) -> int:
    return max(1, int(Decimal(parse_seconds(text)) * 1000))


def _exit(state: str, fail_on: "Sequence[str] | None") -> ExitCode:
    return ExitCode.FOUND if state in (fail_on or ()) else ExitCode.OK


def _document(path: Path, document: "ReadinessDocument | ProbeDocument") -> dict[str, object]:
    return {"artifact": str(path), **document.to_dict()}


def _show_readiness(path: Path, document: "ReadinessDocument") -> None:
    show_fields({"spec": document.spec, "venue": document.venue, "state": document.state, "kept as": str(path)})
    for problem in document.problems:
        typer.echo(printable(f"wrong: {problem}"))
    rows = [
        (each.name, word, "set" if each.is_set else "not set")
        for word, group in (("required", document.required), ("optional", document.optional))
        for each in group
    ]
    if rows:
        typer.echo()
        show_table(("environment variable", "", "is"), rows)


def _show_probe(path: Path, document: "ProbeDocument") -> None:
    fields = {
        "target": document.target,
        "state": document.state,
        "attempts": f"{document.attempts:,}, of which {document.failed:,} failed",
    }
    if document.http_status is not None:
        fields["http status"] = str(document.http_status)
    show_fields({**fields, "at (UTC)": at(document.at_ns), "kept as": str(path)})
    rows = [
        (phase, *(_ms(each) for each in (taken.min, taken.p50, taken.p90, taken.p99, taken.max)))
        for phase, taken in document.latency_ns.items()
        if taken is not None
    ]
    if rows:
        typer.echo()
        show_table(("ms", "min", "p50", "p90", "p99", "max"), rows)
    failed = [(number, each) for number, each in enumerate(document.results, 1) if each.state != "ok"]
    for number, each in failed[:MOST_ROWS]:
        typer.echo(printable(f"attempt {number}: {each.state}: {each.detail}"))
    if len(failed) > MOST_ROWS:
        typer.echo(f"and {len(failed) - MOST_ROWS:,} more; --json lists all")


def _ms(taken_ns: int) -> str:
    return f"{taken_ns / _NANOS_PER_MS:.3f}"
