"""The order of what a drill does and of what must come of it, and in how many of its executions it was the same."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence

from tc.spec.drills.drill_spec import DrillSpec
from tc.store.drills import DrillVerdict

_DONE = {"injected", "restored"}


def wanted(spec: DrillSpec) -> frozenset[str]:
    """Return the lines of a verdict's sequence that the drill's document asks for."""
    expect = spec.expect
    alerts = [each.name for each in expect.alerts]
    told = {"alert": alerts, "gate": expect.gates, "event": expect.events, "finding": expect.findings}
    return frozenset(f"{source} {name}" for source, names in told.items() for name in names)


def order_of(sequence: Iterable[str], spec: DrillSpec) -> tuple[str, ...]:
    """Return of a sequence what was done, and what had to come of it, each once: as it came first."""
    lines = wanted(spec)
    return tuple(dict.fromkeys(each for each in sequence if each in lines or _first(each) in {*_DONE, "proven"}))


def same_orders(verdicts: Sequence[DrillVerdict], spec: DrillSpec) -> tuple[int, int, int]:
    """Return how many executions had the commonest order, in how many each had its own, and of how many.

    To have its own means: what was done came in the commonest order of that, and what had to come of it in the commonest of that.
    Only executions are compared that have the newest one's seed, and saw alerts where that did.
    """
    newest = max(verdicts, key=lambda each: each.number)
    alike = [each for each in verdicts if (each.seed, each.sees_alerts) == (newest.seed, newest.sees_alerts)]
    orders = [order_of(each.sequence, spec) for each in alike]
    apart = [(_only(order, lambda each: _first(each) in _DONE), _only(order, wanted(spec).__contains__)) for order in orders]
    return _most(orders), _most(apart), len(alike)


def _most(orders: Iterable[Hashable]) -> int:
    return Counter(orders).most_common(1)[0][1]


def _only(order: Iterable[str], is_of_it: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(each for each in order if is_of_it(each))


def _first(line: str) -> str:
    return line.partition(" ")[0]
