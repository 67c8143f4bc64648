"""What `tc runs` prints for people; machines get the same values with ``--json``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from tc.cli.show import at, printable, show_fields, show_findings, show_table, stamp
from tc.cli.units import format_size

if TYPE_CHECKING:
    from tc.flows.runs.diff import Comparison
    from tc.flows.runs.list_runs import ListedRun
    from tc.flows.runs.prune import PruningPlan
    from tc.flows.runs.replay import Replay
    from tc.flows.runs.reproduce import Reproduction
    from tc.flows.runs.show import ShownRun
    from tc.flows.runs.verify import Verification

MOST_DIFFERENCES = 20
MOST_ORDERS = 20


def show_list(runs: "Sequence[ListedRun]", artifacts_root: Path) -> None:
    """Print a table of runs, and below it what cannot be read."""
    if not runs:
        typer.echo(printable(f"no runs in {artifacts_root / 'runs'}; `tc run SPEC` makes one, `tc demo` the first"))
        return
    show_table(
        ("run", "status", "created (UTC)", "entries", "dataset"),
        [
            (
                each.run_id,
                each.status,
                at(each.created_ns or 0),
                "-" if each.entries is None else f"{each.entries:,}",
                each.dataset or "-",
            )
            for each in runs
        ],
    )
    for each in runs:
        if each.problem:
            typer.echo(printable(f"{each.run_id}: {each.problem}"))


def show_run(shown: "ShownRun") -> None:
    """Print what a run directory says."""
    metadata = shown.metadata or {}
    fields: dict[str, object] = {"run": shown.run_id, "directory": shown.directory, "status": shown.status}
    fields |= _present(
        {
            "reason": metadata.get("reason"),
            "created": _utc(metadata.get("created")),
            "started": _utc(metadata.get("started")),
            "ended": _utc(metadata.get("ended")),
            "host": metadata.get("host"),
            "git commit": _commit(metadata.get("git")),
            "versions": ", ".join(f"{name} {version}" for name, version in metadata.get("versions", {}).items()),
        }
    )
    fields |= _configuration_fields(shown.configuration or {})
    if shown.journal:
        sealed = "" if shown.journal.is_sealed else " (as found: the run is not sealed)"
        fields |= {
            "entries": f"{shown.journal.entries:,}{sealed}",
            "positions": f"{shown.journal.positions:,}",
            "journal digest": shown.journal.digest,
            "merkle root": shown.journal.merkle_root,
        }
    fields |= _present({"state digest": shown.state_digest, "configuration": metadata.get("configuration")})
    show_fields(fields)
    _show_events(shown.metrics or {})
    typer.echo("\nfiles")
    show_table(("name", "size"), [(name, format_size(size)) for name, size in shown.files.items()])
    if shown.ops:
        typer.echo("\nafterwards")
        show_table(("at (UTC)", "fact", "by"), [(at(each["at_ns"]), each["type"], each.get("user") or "-") for each in shown.ops])
    _show_notes("cannot be read", shown.problems)


def show_verification(verification: "Verification") -> None:
    """Print what was found of a run, and the verdict."""
    fields: dict[str, object] = {"run": verification.run_id, "status": verification.status or "unknown"}
    if verification.journal:
        journal = verification.journal
        fields |= {"entries": f"{journal.entries:,}", "positions": f"{journal.positions:,}"}
        fields |= {"journal digest": journal.digest, "merkle root": journal.merkle_root}
    show_fields({**fields, "files": verification.files})
    _show_notes("note", verification.notes)
    show_findings([each.to_dict() for each in verification.findings])
    if verification.findings:
        typer.echo(f"NOT as it was recorded: {count(len(verification.findings), 'finding')}")
    elif verification.is_sealed:
        typer.echo("intact: everything is as it was sealed")
    else:
        typer.echo("not sealed: what is there is consistent, but nothing proves that it is all")


def show_replay(replay: "Replay") -> None:
    """Print State for people: what is open, what was earned and paid, and what was odd."""
    document = replay.to_dict()
    state: Any = document["state"]
    execution, holdings = state["execution"], state["execution"]["holdings"]
    orders = execution["orders"]
    show_fields(
        {
            "run": replay.run_id,
            "status": replay.status,
            "position": f"{state['position']:,}",
            "stream time": stamp(state["stream_time_ns"]),
            "state digest": replay.digest,
            **({} if replay.decision_digest is None else {"decision digest": replay.decision_digest}),
            "the run is": f"{state['control']['run']}, trading {state['control']['trading_state']}",
            "market rows": f"{state['market']['rows']:,}",
            "orders": f"{len(orders['open'])} open, {orders['closed_total']} closed, {len(orders['unsubmitted'])} not sent",
            "fills": holdings["fills"] + holdings["compat_fills"],
            "realized": _amounts(holdings["realized"], " on ") + (", before the multiplier" if holdings["realized"] else ""),
            "commissions": _amounts(holdings["commissions"]),
            "anomalies": ", ".join(f"{code} {count}" for code, count in execution["anomaly_counts"].items()) or "none",
        }
    )
    _show_holdings(execution)
    _show_notes("note", replay.notes)
    if replay.violation:
        typer.echo(printable(f"the journal ends with the violation that ended the run: {replay.violation}"))
    show_findings([each.to_dict() for each in replay.findings])
    if replay.findings:
        typer.echo(f"NOT as it was recorded: {count(len(replay.findings), 'finding')}")
    elif replay.compared:
        decided = "" if replay.decisions is None else f", {count(replay.decisions, 'decision')} derived again"
        typer.echo(f"as recorded: {count(replay.compared, 'digest')} of State met{decided}")


def show_comparison(comparison: "Comparison") -> None:
    """Print in what two configurations differ, and where their journals part."""
    document: Any = comparison.to_dict()
    show_difference(document)
    if comparison.is_same:
        typer.echo(printable(f"{comparison.left} and {comparison.right} hold the same journal"))


def show_difference(document: Mapping[str, Any]) -> None:
    """Print a comparison's document, as `tc runs diff` and `tc runs reproduce` give it."""
    if document["configuration"]:
        typer.echo("the configurations differ:")
        _show_sides(document, document["configuration"])
    _show_notes("note", document["notes"])
    parting = document["parting"]
    if parting is None:
        if document["configuration"]:
            typer.echo("the journals are the same but for the configuration that they name")
        return
    typer.echo(f"the journals part at position {parting['position']:,} (line {parting['line']:,}):")
    for side in ("left", "right"):
        entry = parting[side]
        name = document[side]
        typer.echo(printable(f"  {name}: {_entry_text(entry)}"))
    if parting["fields"]:
        _show_sides(document, parting["fields"])


def reproduction_document(run_id: str, reproduction: "Reproduction") -> dict[str, object]:
    """Return the JSON object that `tc runs reproduce --json` shows."""
    return {
        "run_id": run_id,
        "equal": reproduction.is_equal,
        "recorded_digest": reproduction.recorded_digest,
        "reproduced_digest": reproduction.reproduced_digest,
        "difference": reproduction.difference,
    }


def show_reproduction(document: Mapping[str, Any]) -> None:
    """Print whether a run came out the same again."""
    show_fields({"run": document["run_id"], "recorded": document["recorded_digest"], "reproduced": document["reproduced_digest"]})
    if document["difference"]:
        show_difference(document["difference"])
    typer.echo("reproduced: the journals are the same" if document["equal"] else "NOT reproduced: the journals differ")


def show_plan(plan: "PruningPlan") -> None:
    """Print which runs would go and why, and which may never go."""
    show_table(
        ("run", "created (UTC)", "size", "why"),
        [
            (each.candidate.run_id, at(each.candidate.created_ns), format_size(each.candidate.size_bytes), each.because)
            for each in plan.prunings
        ],
    )
    for each in plan.kept:
        if each.keep_because:
            typer.echo(printable(f"never removed: {each.run_id}: {each.keep_because}"))
    typer.echo(f"{count(len(plan.prunings), 'run')} may go ({format_size(plan.freed_bytes)}), {len(plan.kept)} stay")


def _show_holdings(execution: Mapping[str, Any]) -> None:
    if positions := execution["holdings"]["positions"]:
        typer.echo("\npositions")
        show_table(
            ("position", "instrument", "quantity", "bought", "for", "sold", "for"),
            [
                (key, each["instrument_id"], each["signed_quantity"], *(each[name] for name in _POSITION_SUMS))
                for key, each in positions.items()
            ],
        )
    if opened := execution["orders"]["open"]:
        typer.echo("\nopen orders")
        show_table(
            ("order", "instrument", "side", "type", "quantity", "filled", "price", "status"),
            [
                (
                    key,
                    *(each["terms"][name] for name in ("instrument_id", "side", "order_type")),
                    each["quantity"],
                    each["filled"],
                    each["price"] or "-",
                    each["status"],
                )
                for key, each in list(opened.items())[:MOST_ORDERS]
            ],
        )
        if len(opened) > MOST_ORDERS:
            typer.echo(f"and {len(opened) - MOST_ORDERS} more; --json shows all")
    if accounts := execution["accounts"]:
        typer.echo("\naccounts")
        show_table(
            ("account", "currency", "total", "locked", "free"),
            [
                (key, balance["currency"], balance["total"], balance["locked"], balance["free"])
                for key, each in accounts.items()
                for balance in each["balances"]
            ],
        )


_POSITION_SUMS = ("buy_quantity", "buy_value", "sell_quantity", "sell_value")


def _show_events(metrics: Mapping[str, Any]) -> None:
    journal = metrics.get("journal")
    counts = journal.get("events_by_type") if isinstance(journal, Mapping) else None
    if isinstance(counts, Mapping) and counts:
        typer.echo("\nevents (metrics.json)")
        show_table(("type", "count"), list(counts.items()))


def _configuration_fields(document: Mapping[str, Any]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for name, keys in (("engine", ("name", "version")), ("strategy", ("name", "version")), ("dataset", ("id", "fingerprint"))):
        fields[name] = _values(document.get(name), keys)
    spec = document.get("run_spec")
    if isinstance(spec, Mapping):
        venue, data = spec.get("venue"), spec.get("data")
        fields |= {"instrument": spec.get("instrument"), "seed": spec.get("seed")}
        fields["venue"] = _values(venue, ("name", "account_type", "oms_type", "starting_balances"))
        fields["data from"], fields["data to"] = _values(data, ("start",)), _values(data, ("end",))
    return {name: value for name, value in fields.items() if value is not None and value != ""}


def _values(part: object, keys: Sequence[str]) -> str:
    """Return some values of a part of a configuration, which may be of any shape, as words."""
    values = [part[key] for key in keys if part.get(key) not in (None, "")] if isinstance(part, Mapping) else []
    return ", ".join(" ".join(map(str, value)) if isinstance(value, list) else str(value) for value in values)


def _entry_text(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "has ended"
    event = dict(entry["event"])
    kind = event.pop("type")
    return f"{entry['position']:,} {kind} " + ", ".join(f"{name}={value}" for name, value in event.items())


def _show_sides(document: Mapping[str, Any], differences: Sequence[Mapping[str, Any]]) -> None:
    show_table(
        ("  where", document["left"], document["right"]),
        [(f"  {each['path']}", each["left"], each["right"]) for each in differences[:MOST_DIFFERENCES]],
    )
    if len(differences) > MOST_DIFFERENCES:
        typer.echo(f"  and {len(differences) - MOST_DIFFERENCES} more; --json shows all")


def _show_notes(label: str, notes: Sequence[str]) -> None:
    for note in notes:
        typer.echo(printable(f"{label}: {note}"))


def _present(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value}


def _utc(moment: Mapping[str, Any] | None) -> str:
    return moment["utc"] if moment else ""


def _commit(git: Mapping[str, Any] | None) -> str:
    return f"{git['commit']}{' with changes' if git['is_dirty'] else ''}" if git else ""


def _amounts(amounts: Mapping[str, Any], link: str = " ") -> str:
    return ", ".join(f"{value}{link}{name}" for name, value in sorted(amounts.items())) or "none"


def count(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
