"""What a run's processes say of themselves, in words."""

from collections.abc import Iterator

from tc.reports.page.words import count, exact
from tc.reports.status.ages import ago, latency, length
from tc.reports.status.content import Process
from tc.store.heartbeat import NodeHeartbeat, SupervisorHeartbeat
from tc.telemetry.run_facts import RunFacts


def processes_of(facts: RunFacts, now_ns: int) -> tuple[Process, ...]:
    """Return the processes of a run that goes on."""
    node, supervisor = facts.node, facts.supervisor
    found = []
    if node is not None:
        found.append(
            Process(source="node", state=node.state, at_ns=node.at_ns, every_s=node.every_s, said=tuple(_node(node, now_ns)))
        )
    if supervisor is not None:
        state = "watching" if supervisor.is_node_alive else "its node has ended"
        said = tuple(_supervisor(supervisor, now_ns))
        found.append(Process(source="supervisor", state=state, at_ns=supervisor.at_ns, every_s=supervisor.every_s, said=said))
    return tuple(found)


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
