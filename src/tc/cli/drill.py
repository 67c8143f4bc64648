"""`tc drill`: break a paper run for real, and see that it is noticed, stopped and put right."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tc import wiring
from tc.cli.interrupt import graceful_interrupt
from tc.cli.options import ARTIFACTS_ROOT, AsJson
from tc.cli.show import printable, show_fields, show_json, show_table
from tc.errors import DocumentError, ExitCode

if TYPE_CHECKING:
    from tc.flows.drills.suite import FinishedSuite
    from tc.spec.drills.drill_spec import DrillSpec
    from tc.store.drills import DrillVerdict

app = typer.Typer(help="Break a paper run for real, and see that it is noticed, stopped and put right.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME|FILE", help="A shipped drill, as `tc drill list` names it, or a DrillSpec.")]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed", metavar="N", min=0, max=2**63 - 1, help="Of the market and of what is random in a fault.", show_default=False
    ),
]
NoPrometheus = Annotated[
    bool,
    typer.Option("--no-prometheus", help="Without Prometheus and Alertmanager: what is said of alerts is inconclusive then."),
]
WithoutDetector = Annotated[
    bool, typer.Option("--without-detector", help="With its detector switched off, as its document says how: it must fail.")
]
Tags = Annotated[str, typer.Option("--tags", metavar="TAG[,TAG]", help="Only drills that have one of these tags.")]
Repeat = Annotated[int, typer.Option("--repeat", metavar="N", min=1, max=1_000, help="Carry each out so many times.")]
DrillsIn = Annotated[
    Path,
    typer.Option("--artifacts-root", envvar="TC_ARTIFACTS_ROOT", help="Where the folders of drills are kept (under drills/)."),
]
Verify = Annotated[
    bool,
    typer.Option("--verify", help="Judge each execution again by its document and its chained journal: 6 when one differs."),
]
Jobs = Annotated[int, typer.Option("--jobs", metavar="N", min=1, max=16, help="So many drills at once.")]

EXIT = {"passed": ExitCode.OK, "failed": ExitCode.FOUND, "inconclusive": ExitCode.INCONCLUSIVE}
_NS = 1_000_000_000


@app.command(name="list")
def list_drills(as_json: AsJson = False) -> None:
    """List the shipped drills; `--json` also says of each what it breaks by which faults, and which alerts must fire."""
    drills = wiring.shipped_drills()
    if as_json:
        show_json({"drills": [_document(each) for each in drills]})
        return
    show_table(("drill", "tags", "what happens"), [(each.name, ", ".join(each.tags), each.title) for each in drills])


@app.command()
def run(
    drill: Name,
    seed: Seed = None,
    no_prometheus: NoPrometheus = False,
    without_detector: WithoutDetector = False,
    artifacts_root: DrillsIn = ARTIFACTS_ROOT,
    as_json: AsJson = False,
) -> None:
    """Carry a drill out: start a paper run, break it, and judge what came of it.

    Exit 0 when it passed, 1 when it failed, 7 when nothing is proven: the steady state was not there before, the fault could
    not be proven to bite, or alerts were left out.
    """
    plan = wiring.DrillPlan(artifacts_root=artifacts_root, seed=seed, sees_alerts=not no_prometheus, is_mutated=without_detector)
    with graceful_interrupt() as should_stop:
        done = wiring.run_drill(drill, plan, say=_quiet if as_json else say, should_stop=should_stop)
    show_json(done.to_dict()) if as_json else show_drill(done)
    raise typer.Exit(EXIT[done.verdict.verdict])


@app.command()
def suite(
    tags: Tags = "",
    repeat: Repeat = 1,
    jobs: Jobs = 2,
    seed: Seed = None,
    no_prometheus: NoPrometheus = False,
    artifacts_root: DrillsIn = ARTIFACTS_ROOT,
    as_json: AsJson = False,
) -> None:
    """Carry out every shipped drill, two at once, and show what came of each.

    Exit 0 when all passed, 1 when one failed or left no verdict, 7 when none failed but something is not proven, or somebody
    ended the suite.
    """
    plan = wiring.DrillPlan(artifacts_root=artifacts_root, seed=seed, sees_alerts=not no_prometheus)
    with graceful_interrupt() as should_stop:
        done = wiring.run_suite(
            plan,
            tags=_tags(tags),
            repeat=repeat,
            jobs=jobs,
            on_done=_ignore if as_json else _line,
            should_stop=should_stop,
        )
    show_json(done.to_dict()) if as_json else _show_suite(done)
    raise typer.Exit(EXIT[done.verdict])


@app.command()
def report(verify: Verify = False, artifacts_root: DrillsIn = ARTIFACTS_ROOT, as_json: AsJson = False) -> None:
    """Show what came of all drills that were carried out here: verdicts, times and the resilience score."""
    told = wiring.report_drills(artifacts_root, is_judged_again=verify)
    show_json(told.to_dict()) if as_json else _show_report(told, artifacts_root)
    raise typer.Exit(ExitCode.ARTIFACT if verify and told.damaged else ExitCode.OK)


def _show_report(told: "wiring.DrillReport", artifacts_root: Path) -> None:
    if told.rows:
        show_table(told.header, told.rows)
        typer.echo(f"\nresilience  {told.resilience}")
    elif not (told.without_verdict or told.damaged):
        typer.echo(printable(f"no drill was carried out under {artifacts_root}; `tc drill run NAME` carries one out"))
    if told.without_verdict:
        typer.echo(printable(f"without a verdict, as they go on or were killed: {', '.join(told.without_verdict)}"))
    for why in told.damaged.values():
        typer.echo(printable(f"damaged, and counted as inconclusive: {why}"))


def _tags(text: str) -> tuple[str, ...]:
    """Return the tags in a text; whoever gives nothing but commas does not mean all drills."""
    tags = tuple(each.strip() for each in text.split(",") if each.strip())
    if text and not tags:
        raise DocumentError(f"--tags {text!r} names no tag", hint="`tc drill list` shows the tags; left out, all are meant.")
    return tags


def _document(drill: "DrillSpec") -> dict[str, object]:
    return {
        "name": drill.name,
        "title": drill.title,
        "description": drill.description,
        "tags": list(drill.tags),
        "weight": drill.weight,
        "runbook": drill.runbook or drill.name,
        "faults": [each.kind for each in drill.faults],
        "alerts": [each.name for each in drill.expect.alerts],
    }


def say(step: str) -> None:
    """Say how a drill goes."""
    typer.echo(f"drill: {printable(step)}", err=True)


def _quiet(_step: str) -> None:
    """Say nothing."""


def _ignore(_verdict: "DrillVerdict") -> None:
    """Say nothing."""


def _line(verdict: "DrillVerdict") -> None:
    why = next((each.reason for each in verdict.parts if each.outcome != "passed"), "")
    typer.echo(printable(f"{verdict.verdict:<13} {verdict.drill}-{verdict.number} {_seconds(verdict.detect_ns):>8}  {why}"))


def _seconds(taken_ns: int | None) -> str:
    return "" if taken_ns is None else f"{taken_ns / _NS:.2f} s"


def show_drill(done: "wiring.FinishedDrill") -> None:
    """Show what came of a drill, and the reason of each part of its verdict."""
    verdict = done.verdict
    show_fields(
        {
            "drill": f"{verdict.drill}-{verdict.number}: {verdict.title}",
            "verdict": verdict.verdict.upper(),
            "detected after": _seconds(verdict.detect_ns) or "-",
            "mitigated after": _seconds(verdict.mitigate_ns) or "-",
            "recovered after": _seconds(verdict.recover_ns) or "-",
            "timeline": str(done.folder / "timeline.html"),
            "incident report": str(done.folder / "incident.md"),
        }
    )
    typer.echo()
    show_table(("part", "", "why"), [(each.part, each.outcome, each.reason) for each in verdict.parts])


def _show_suite(done: "FinishedSuite") -> None:
    for each in done.lost:
        typer.echo(printable(f"no verdict    {each.drill}: {each.said or 'it said nothing'}"))
    typer.echo(
        f"\n{done.count('passed')} passed, {done.count('failed')} failed, {done.count('inconclusive')} inconclusive"
        f" in {done.taken_s:.0f} s; resilience {done.resilience}"
    )
