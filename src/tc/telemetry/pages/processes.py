"""What a run's processes say of themselves, in words."""

from collections.abc import Iterable, Iterator

from tc.checks.attention import CLOCK_OFFSET_S
from tc.reports.page.words import count, exact
from tc.reports.status.ages import ago, latency, length
from tc.reports.status.content import Process
from tc.store.heartbeat import NodeHeartbeat, SupervisorHeartbeat
from tc.telemetry.run_facts import RunFacts

_S = 1_000_000_000


def processes_of(facts: RunFacts, now_ns: int) -> tuple[Process, ...]:
    """Return the processes of a run that goes on."""
    found = []
    if (node := facts.node) is not None:
        found.append(_process("node", node, node.state, facts.node_offset_ns, _node(node, now_ns)))
    if (supervisor := facts.supervisor) is not None:
        state = "watching" if supervisor.is_node_alive else "its node has ended"
        said = _supervisor(supervisor, now_ns)
        found.append(_process("supervisor", supervisor, state, facts.supervisor_offset_ns, said))
    return tuple(found)


def _process(
    source: str, said: NodeHeartbeat | SupervisorHeartbeat, state: str, offset_ns: int, words: Iterable[tuple[str, str]]
) -> Process:
    """Return a process, and how wrong its clock is, where it is."""
    clock = (("Clock", f"{length(abs(offset_ns))} {'ahead' if offset_ns > 0 else 'behind'}"),)
    is_wrong = abs(offset_ns) > CLOCK_OFFSET_S * _S
    told = (*words, *(clock if is_wrong else ()))
    return Process(source=source, state=state, at_ns=said.at_ns, every_s=said.every_s, said=told)


def _node(node: NodeHeartbeat, now_ns: int) -> Iterator[tuple[str, str]]:
    yield "Journal position", exact(node.position)
    yield "Event loop", f"at most {latency(int(max(node.lag_s, node.longest_lag_s) * 1e9))} late"
    oldest = node.oldest_in_flight_ns
    yield "In flight", exact(node.in_flight) + (f", oldest {length(now_ns - oldest)}" if oldest is not None else "")
    yield "Waiting at the gate", exact(node.waiting)
    yield "Open orders", exact(node.open_orders)
    for client, is_up in node.connected.items():
        back = node.reconnects.get(client, 0)
        text = "connected" if is_up else "not connected"
        yield f"{client.capitalize()} connection", text + (f", came back {count(back, 'time')}" if back else "")
    if node.queues:
        waiting = [f"{name.replace('_', ' ')} {exact(number)}" for name, number in node.queues.items() if number]
        yield "Queues", ", ".join(waiting) or "empty"
    if node.contradictions:
        yield "Contradictions", exact(node.contradictions)
    yield "Process", str(node.pid)


def _supervisor(supervisor: SupervisorHeartbeat, now_ns: int) -> Iterator[tuple[str, str]]:
    asked = f", asked {ago(supervisor.venue_asked_ns, now_ns)}" if supervisor.venue_asked_ns else ""
    yield "Venue", {True: "answers", False: "does not answer", None: "not asked yet"}[supervisor.is_venue_reachable] + asked
    for witness in supervisor.witnesses:
        news = f"has had news for {length(now_ns - witness.since_ns)}" if witness.has_moved and witness.since_ns else "no news"
        yield f"Venue on {witness.instrument_id} {witness.channel}", news
    yield "Process", str(supervisor.pid)
