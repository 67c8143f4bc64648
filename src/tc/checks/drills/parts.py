"""The parts of a drill's verdict: each says of one demand whether it was met; what is not demanded is no part."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from tc.checks.drills.facts import (
    FaultInjected,
    FaultRestored,
    Outcome,
    Part,
    RestoreFailed,
    RunEnded,
    Source,
    SteadyStateChecked,
)
from tc.checks.drills.story import Story, expected, seconds
from tc.checks.invariants.catalogue import INVARIANTS

_NOT_SEEN = "no alert can be seen without Prometheus and Alertmanager"
_IN_ORDER = frozenset({"stopped", "killed", "completed"})
_BASELESS = "nothing is known of it: the drill did not come so far"


def parts_of(story: Story) -> tuple[Part, ...]:
    """Return what was demanded, in the order in which a drill goes on, and what came of it."""
    failure = (Part("drill", "inconclusive", story.failure),) if story.failure else ()
    found = (part for judge in _PARTS for part in judge(story))
    return (*failure, *found)


def _steady_state(story: Story) -> Iterable[Part]:
    checks = story.phase("before")
    if any(check.holds for check in checks):
        yield Part("steady_state", "passed", _readings(checks[-1]))
    else:
        yield Part("steady_state", "inconclusive", _readings(checks[-1]) if checks else "it was never looked at")


def _injection(story: Story) -> Iterable[Part]:
    if story.unproven:
        yield Part("injection", "inconclusive", "; ".join(story.unproven))
    elif story.spec.faults:
        yield Part("injection", "passed", f"{len(story.spec.faults)} proven")


def _alerts(story: Story) -> Iterable[Part]:
    wanted = story.spec.expect.alerts
    if not wanted:
        return
    if not story.sees_alerts:
        yield Part("alerts", "inconclusive", _NOT_SEEN)
        return
    bad: list[str] = []
    good: list[str] = []
    for alert in wanted:
        after_ns = story.first_seen.get(("alert", alert.text))
        if after_ns is None:
            bad.append(f"{alert.text} did not fire")
        else:
            is_late = seconds(after_ns) > Decimal(alert.within_s)
            (bad if is_late else good).append(f"{alert.text} after {seconds(after_ns)} s of {alert.within_s} s")
    yield _dependent(story, "alerts", bad, good)


def _unexpected(story: Story) -> Iterable[Part]:
    """Judge the alerts that fired and that nobody named, and those that fired before anything was broken."""
    if not story.sees_alerts:
        yield Part("unexpected", "inconclusive", _NOT_SEEN)
        return
    known = {alert.name for alert in story.spec.expect.alerts} | set(story.spec.expect.also)
    strangers = [f"{name} fired" for name in story.alerts if name not in known]
    early = [f"{name} fired before anything was broken" for name in story.early if name in known]
    yield _dependent(story, "unexpected", strangers + early, ["no other alert fired"])


def _observed(part: str, source: Source) -> Callable[[Story], Iterable[Part]]:
    """Return the judgement of everything that is expected of one source."""

    def judge(story: Story) -> Iterable[Part]:
        wanted = [name for kind, name in expected(story.spec) if kind == source]
        if not wanted:
            return
        seen = {name: story.first_seen.get((source, name)) for name in wanted}
        bad = [f"{name} was not seen" for name, after_ns in seen.items() if after_ns is None]
        good = [f"{name} after {seconds(after_ns)} s" for name, after_ns in seen.items() if after_ns is not None]
        yield _dependent(story, part, bad, good)

    return judge


def _during(story: Story) -> Iterable[Part]:
    if not story.spec.steady_state.during:
        return
    checks = story.phase("during")
    if not story.is_based or not checks:
        yield Part("during", "inconclusive", _BASELESS)
    else:
        best = next((check for check in checks if check.holds), checks[-1])
        yield Part("during", "passed" if best.holds else "failed", _readings(best))


def _ended(story: Story) -> Iterable[Part]:
    """Judge how the run has ended: whatever was broken, it comes to an end of its own or at somebody's word."""
    ended = next(reversed(story.all_of(RunEnded)), None)
    told = "it is not known how the run ended" if ended is None else f"{ended.status}: {ended.reason}".removesuffix(": ")
    is_in_order = ended is not None and ended.status in _IN_ORDER
    yield _dependent(story, "ended", [] if is_in_order else [told], [told])


def _invariants(story: Story) -> Iterable[Part]:
    demanded = story.spec.expect.invariants
    names = tuple(INVARIANTS) if demanded is None else demanded
    if not names:
        return
    checked = story.invariants
    if checked is None:
        yield Part("invariants", "inconclusive", "they were never checked")
        return
    broken = [text for text in checked.broken if _named(text) in names]
    unknown = [text for text in checked.unknown if _named(text) in (*names, "all")]
    told = {*checked.held, *map(_named, (*broken, *unknown))}
    unknown += [f"{name}: not checked" for name in names if name not in told and "all" not in told]
    outcome: Outcome = "failed" if broken else "inconclusive" if unknown else "passed"
    yield Part("invariants", outcome, "; ".join(broken + unknown) or f"{len(names)} hold")


def _rollback(story: Story) -> Iterable[Part]:
    injected = {fact.fault: fact.kind for fact in story.all_of(FaultInjected)}
    failed = {fact.fault: f"{fact.fault} {fact.kind}: {fact.reason}" for fact in story.all_of(RestoreFailed)}
    restored = {fact.fault for fact in story.all_of(FaultRestored)}
    left = {number: f"{number} {kind}: not put back" for number, kind in injected.items() if number not in restored}
    bad = left | failed
    if injected or failed:
        yield Part("rollback", "failed" if bad else "passed", "; ".join(bad.values()) or f"{len(injected)} put back")


def _recovery(story: Story) -> Iterable[Part]:
    if not (story.comes_back or story.spec.recovery):
        return
    bad = [f"tc {' '.join(fact.arguments)}: exit code {fact.exit_code}: {fact.said}" for fact in story.recovery if fact.exit_code]
    if len(story.recovery) < len(story.spec.recovery):
        bad.append(f"only {len(story.recovery)} of {len(story.spec.recovery)} commands were typed")
    if story.comes_back:
        checks = story.phase("after")
        if not (checks and checks[-1].holds):
            bad.append(_readings(checks[-1]) if checks else "the steady state was not looked at again")
        bad += [f"{name} still fires" for name in story.firing]
    yield _dependent(story, "recovery", bad, ["the steady state is back" if story.comes_back else "the commands were obeyed"])


def _budgets(story: Story) -> Iterable[Part]:
    """Judge the times that there are: what did not happen at all is told by the part that demands it."""
    budgets = story.spec.budgets
    measured = (
        ("detected", detect_ns(story), budgets.detect_s),
        ("mitigated", mitigate_ns(story), budgets.mitigate_s),
        ("recovered", recover_ns(story), budgets.recover_s),
    )
    bad: list[str] = []
    good: list[str] = []
    for what, took_ns, budget_s in measured:
        if took_ns is not None:
            is_late = seconds(took_ns) > Decimal(budget_s)
            (bad if is_late else good).append(f"{what} after {seconds(took_ns)} s of {budget_s} s")
    if bad or good:
        yield _dependent(story, "budgets", bad, good)


def detect_ns(story: Story) -> int | None:
    """Return how long it took until the first of what is expected was seen."""
    return min((story.first_seen[each] for each in expected(story.spec) if each in story.first_seen), default=None)


def mitigate_ns(story: Story) -> int | None:
    """Return how long it took until the last of the expected gates was seen; None where one never was."""
    gates = [story.first_seen.get(("gate", gate)) for gate in story.spec.expect.gates]
    times = [gate for gate in gates if gate is not None]
    return max(times) if times and len(times) == len(gates) else None


def recover_ns(story: Story) -> int | None:
    """Return how long it took, once the last fault was put back, until the steady state was back and no alert fired."""
    if story.restored_ns is None or story.recovered_ns is None:
        return None
    return max(story.recovered_ns - story.restored_ns, 0)


def _dependent(story: Story, part: str, bad: list[str], good: list[str]) -> Part:
    """Return a part that says something only where the steady state was there, and every fault has bitten."""
    if not story.is_based:
        return Part(part, "inconclusive", _BASELESS)
    return Part(part, "failed" if bad else "passed", "; ".join(bad or good))


def _readings(check: SteadyStateChecked) -> str:
    """Return what was read: where something does not hold, only that."""
    shown = [reading for reading in check.readings if check.holds or not reading.holds]
    return "; ".join(f"{reading.probe} is {reading.value or 'unknown'}, {reading.tolerated}" for reading in shown)


def _named(text: str) -> str:
    """Return the invariant that a text tells of."""
    return text.partition(":")[0]


_PARTS: tuple[Callable[[Story], Iterable[Part]], ...] = (
    _steady_state,
    _injection,
    _alerts,
    _unexpected,
    _observed("gates", "gate"),
    _observed("events", "event"),
    _observed("findings", "finding"),
    _during,
    _ended,
    _invariants,
    _rollback,
    _recovery,
    _budgets,
)
