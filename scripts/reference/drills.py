"""The drills that ship, one page each from its document; what a DrillSpec may hold; and the runbooks with what leads to them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

import msgspec
from generate_alerts import REPOSITORY, RUNBOOKS, written_rules

from reference.markdown import code, page, summary, table
from reference.schemas import fields
from tc.spec.drills.drill_spec import DrillSpec, ExpectedAlert, FaultKind, FaultSpec, ProbeSpec, labels_text
from tc.spec.drills.fault_parameters import FAULT_PARAMETERS
from tc.spec.drills.parse import drill_names, load_drill
from tc.spec.drills.words import INVARIANTS, PROBES, TARGETS

DRILLS = REPOSITORY / "specs" / "drills"

_INDEX = """
Made from the documents in `specs/drills/`. What a drill is, and what its verdict means: [Drills](../../concepts/drills.md). How
they are carried out: [Run the drills](../../how-to/run-drills.md). What a document of your own may hold:
[DrillSpec](../drill-spec.md). How they came out when each was repeated: [Figures](figures.md).
"""
_NONE = "There is none yet."
_COLUMNS = ("drill", "what is broken", "tags", "weight", "what must be seen")
_SPEC = """
A DrillSpec is a YAML document of the fields below. `tc spec validate` checks one, together with the RunSpec that it runs on,
and `tc spec schema --drill` prints its JSON Schema for editors. A field without a default must be given; an unknown field is
an error.
[How to: run the drills](../how-to/run-drills.md) writes one, step by step.
"""
_PROBES = "What of the run is looked at, for `steady_state`. A reading that is not there is tolerated by nothing."
_FAULTS = "Each is proven by a counter of whatever is broken, put back whatever happens, and has the parameters below."
_INVARIANTS = """
Checked on the journal of each drill's run, and on the log that its venue keeps, when the run has ended. A document that names
none demands all of them.
"""
_RUNBOOKS = """
What to do, at three in the morning: one for each drill and for each alert. `tc metrics serve` has the same pages at
`/runbooks/NAME`, where the links of alerts lead, also without a network.
"""


def drill_pages() -> Mapping[str, Callable[[], str]]:
    """Return the pages of this module by their paths under docs/reference/."""
    pages: dict[str, Callable[[], str]] = {
        "drills/index.md": index,
        "drill-spec.md": drill_spec,
        "runbooks.md": runbooks,
    }
    return pages | {f"drills/{name}.md": partial(_page_of, name) for name in drill_names(DRILLS)}


def index() -> str:
    """Return the table of all drills."""
    rows = [
        (f"[{each.name}]({each.name}.md)", each.title, ", ".join(each.tags), str(each.weight), _wanted(each)) for each in _specs()
    ]
    return page("Drills", _INDEX, table(_COLUMNS, rows) if rows else _NONE)


def drill_spec() -> str:
    """Return the page of what a DrillSpec holds: its fields, probes, faults and invariants."""
    structs = msgspec.json.schema(DrillSpec)["$defs"]
    probes = [(code(name), each.description, ", ".join(map(code, each.words)) or "a number") for name, each in PROBES.items()]
    return page(
        "DrillSpec",
        _SPEC,
        *(block for name, part in structs.items() for block in (f"## {name}", part.get("description", ""), fields(part))),
        "## Probes",
        _PROBES,
        table(["probe", "what it reads", "its words"], probes),
        "## Faults",
        _FAULTS,
        *(block for kind in get_args(FaultKind) for block in _fault_section(kind)),
        "## Invariants",
        _INVARIANTS,
        table(["invariant", "what must hold"], [(code(name), text) for name, text in INVARIANTS.items()]),
    )


def runbooks() -> str:
    """Return the table of all runbooks: the alerts that lead to each, and the drills that practise it."""
    alerts = {name: [each.name for each in group] for name, group in groupby(sorted(written_rules(), key=_runbook), _runbook)}
    rows = [
        (
            f"[{path.stem}](../runbooks/{path.name})",
            path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# "),
            ", ".join(f"[{each}](alerts.md#{each.lower()})" for each in alerts.get(path.stem, ())),
            ", ".join(f"[{name}](drills/{name}.md)" for name in _practised(path) if name in drill_names(DRILLS)),
        )
        for path in sorted(RUNBOOKS.glob("*.md"))
    ]
    return page("Runbooks", _RUNBOOKS, table(["runbook", "about", "alerts that lead to it", "drills that practise it"], rows))


def _runbook(rule: Any) -> str:  # noqa: ANN401 - the rule of an alert, by its runbook
    name: str = rule.runbook
    return name


def _practised(path: Path) -> list[str]:
    return re.findall(r"^\$ tc drill run ([a-z0-9-]+)$", path.read_text(encoding="utf-8"), re.MULTILINE)


@cache
def _specs() -> tuple[DrillSpec, ...]:
    return tuple(load_drill(DRILLS / f"{name}.yaml") for name in drill_names(DRILLS))


def _page_of(name: str) -> str:
    """Return the page of one drill."""
    drill = next(each for each in _specs() if each.name == name)
    runbook = drill.runbook or drill.name
    tags = f"Tags: {', '.join(map(code, drill.tags)) or 'none'}. Weight {drill.weight}, seed {drill.seed}."
    return page(
        f"Drill: {name}",
        f"**{drill.title}.** {drill.description}",
        f"```console\n$ tc drill run {name}\n```",
        f"Runbook: [{runbook}](../../runbooks/{runbook}.md). Document: `specs/drills/{name}.yaml`. {tags}",
        "## Steady state",
        table(["when", "probe", "tolerated"], list(_steady(drill))),
        *_faults(drill),
        "## What must come of it",
        _expected(drill),
        "## Budgets",
        _budgets(drill),
        *_commands(drill),
        *_mutation(drill),
    )


def _steady(drill: DrillSpec) -> Iterator[tuple[str, str, str]]:
    state = drill.steady_state
    before = "before" if state.after is not None else "before and after"
    for when, probes in ((before, state.before), ("during", state.during), ("after", state.after or ())):
        for probe in probes:
            yield when, code(probe.probe), _tolerated(probe)


def _tolerated(probe: ProbeSpec) -> str:
    bounds = ((probe.equals, ""), (probe.at_least, "at least "), (probe.at_most, "at most "))
    return ", ".join(f"{word}{code(value)}" for value, word in bounds if value is not None)


def _faults(drill: DrillSpec) -> Iterator[str]:
    yield "## Faults"
    if not drill.faults:
        yield "None: this is a control."
        return
    rows = [
        (f"{each.at} s", f"[{each.kind}](../drill-spec.md#{each.kind})", each.target, _parameters(each), _until(each))
        for each in drill.faults
    ]
    yield table(["at", "fault", "target", "parameters", "put back"], rows)


def _parameters(fault: FaultSpec) -> str:
    return ", ".join(f"{name} {code(msgspec.json.encode(value).decode())}" for name, value in fault.parameters.items())


def _until(fault: FaultSpec) -> str:
    return {"detected": "once all was seen", "end": "at the end"}.get(fault.until, f"{fault.until} s after the start")


def _expected(drill: DrillSpec) -> str:
    expect = drill.expect
    rows = [(f"alert {_alert_link(each.name)}{_labels(each)}", f"fires within {each.within_s} s") for each in expect.alerts]
    rows += [(f"gate `{each}`", "is reached") for each in expect.gates]
    rows += [(f"reason `{each}`", "is why an order was denied") for each in expect.reasons]
    rows += [(f"event `{each}`", "is seen") for each in expect.events]
    rows += [(f"finding `{each}`", "is reported") for each in expect.findings]
    names = ", ".join(map(code, expect.invariants)) if expect.invariants else ""
    blocks = [table(["what", "how"], rows) if rows else f"Nothing fires, for {drill.watch_s} s at least."]
    if expect.also:
        also = ", ".join(map(_alert_link, expect.also))
        blocks.append(f"May fire as well, as consequences of the same cause: {also}. No other alert may.")
    elif rows:
        blocks.append("No other alert may fire.")
    if expect.lasts:
        lasts = ", ".join(map(_alert_link, expect.lasts))
        blocks.append(f"May still fire in the end, for what they tell of stays on record: {lasts}.")
    blocks.append(f"Invariants: {names or 'all of them'}; see [DrillSpec](../drill-spec.md#invariants).")
    return "\n\n".join(blocks)


def _budgets(drill: DrillSpec) -> str:
    budgets = drill.budgets
    rows = [("detect", f"{budgets.detect_s} s"), ("mitigate", f"{budgets.mitigate_s} s"), ("recover", f"{budgets.recover_s} s")]
    return table(["part", "at most"], rows)


def _commands(drill: DrillSpec) -> Iterator[str]:
    for title, commands in (("Checked while it is broken", drill.checks), ("Typed to recover", drill.recovery)):
        if commands:
            lines = "\n".join(f"$ tc {' '.join(_quoted(word) for word in each)}" for each in commands)
            yield f"## {title}\n\n```console\n{lines}\n```"


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


def _mutation(drill: DrillSpec) -> Iterator[str]:
    if drill.mutation is None:
        return
    yield "## Without its detector"
    mutation = drill.mutation
    how = [f"the RunSpec is overridden by {_listed(mutation.set)}"] if mutation.set else []
    if mutation.without_alerts:
        how.append(f"the rule of {_listed(mutation.without_alerts)} is left out")
    if mutation.misses_silence:
        how.append("whoever receives alerts does not notice that the one which always fires has stopped")
    by = f", by {'the part' if len(mutation.fails) == 1 else 'the parts'} {_listed(mutation.fails)}" if mutation.fails else ""
    told = f"Switched off: {'; '.join(how)}. The drill must fail then{by}:"
    yield f"{told}\n\n```console\n$ tc drill run {drill.name} --without-detector\n```"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(code, names))


def _fault_section(kind: str) -> Iterator[str]:
    struct = FAULT_PARAMETERS[kind]
    yield f"### {kind}"
    yield f"{summary(struct)} Done to: {', '.join(map(code, TARGETS[kind]))}."
    described = msgspec.json.schema(struct)
    parts = described["$defs"][struct.__name__]
    if parts.get("properties"):
        yield fields(parts)


def _wanted(drill: DrillSpec) -> str:
    expect = drill.expect
    rest = map(code, (*expect.gates, *expect.reasons, *expect.events, *expect.findings))
    return ", ".join((*(f"{_alert_link(each.name)}{_labels(each)}" for each in expect.alerts), *rest)) or "nothing"


def _labels(alert: ExpectedAlert) -> str:
    """Return the labels that an alert must have, where it must have some."""
    return f" {code(labels_text(alert.labels))}" if alert.labels else ""


def _alert_link(name: str) -> str:
    return f"[{name}](../alerts.md#{name.lower()})"
