"""Samples of a run that goes on: what its node and its supervisor say of themselves, and what its process uses."""

from collections.abc import Iterator

from tc.checks.feed import anomalies_of, feed_states
from tc.store.heartbeat import NodeHeartbeat, SupervisorHeartbeat
from tc.telemetry.names import FEED_STATES, NODE_STATES, Sample
from tc.telemetry.recorded_samples import MOST_KINDS
from tc.telemetry.run_facts import RunFacts, node_state_of

MOST_CHANNELS = 256
_NS = 1_000_000_000


def live_samples(facts: RunFacts, now_ns: int) -> Iterator[Sample]:
    """Yield what is true of a moment; of a run that nobody is at work on, only when its processes were heard of last."""
    run, node, supervisor = facts.run_id, facts.node, facts.supervisor
    yield from _heartbeats(facts)
    if not facts.is_active:
        return
    said = node_state_of(facts)
    for state in NODE_STATES if said else ():
        yield "tc_node_state", (run, state), int(state == said)
    if node is not None:
        yield from _node(run, node, now_ns)
        yield from _feed(run, node, supervisor, now_ns)
    if supervisor is not None:
        yield from _venue(run, supervisor)
    yield from _disk(facts)
    yield from _usage(facts, now_ns)


def _heartbeats(facts: RunFacts) -> Iterator[Sample]:
    """Yield when each process said something, and how wrong its clock is."""
    said = (("node", facts.node, facts.node_offset_ns), ("supervisor", facts.supervisor, facts.supervisor_offset_ns))
    for source, heartbeat, offset_ns in said:
        if heartbeat is None:
            continue
        yield "tc_heartbeat_timestamp_seconds", (facts.run_id, source), heartbeat.at_ns / _NS
        yield "tc_heartbeat_interval_seconds", (facts.run_id, source), heartbeat.every_s
        if facts.is_active:
            yield "tc_clock_offset_seconds", (facts.run_id, source), offset_ns / _NS


def _node(run: str, node: NodeHeartbeat, now_ns: int) -> Iterator[Sample]:
    for client, is_up in sorted(node.connected.items())[:MOST_KINDS]:
        yield "tc_connection_up", (run, client), int(is_up)
    for client, count in sorted(node.reconnects.items())[:MOST_KINDS]:
        yield "tc_reconnects_total", (run, client), count
    for queue, size in sorted(node.queues.items())[:MOST_KINDS]:
        yield "tc_queue_size", (run, queue), size
    yield "tc_event_loop_lag_seconds", (run,), node.longest_lag_s
    yield "tc_orders_in_flight", (run,), node.in_flight
    oldest_ns = node.oldest_in_flight_ns
    yield "tc_order_oldest_in_flight_seconds", (run,), 0 if oldest_ns is None else max(now_ns - oldest_ns, 0) / _NS
    yield "tc_orders_waiting", (run,), node.waiting


def _feed(run: str, node: NodeHeartbeat, supervisor: SupervisorHeartbeat | None, now_ns: int) -> Iterator[Sample]:
    if node.is_feed_judged is not None:
        yield "tc_feed_judged", (run,), int(node.is_feed_judged)
    channels = {(each.instrument_id, each.channel): each for each in node.channels[:MOST_CHANNELS]}
    for labels, channel in channels.items():
        yield "tc_data_messages_total", (run, *labels), channel.messages
        for kind, count in anomalies_of(channel):
            yield "tc_feed_anomalies_total", (run, *labels, kind), count
        since_ns = channel.last_ns or channel.since_ns
        if since_ns:
            yield "tc_data_staleness_seconds", (run, *labels), max(now_ns - since_ns, 0) / _NS
    states = feed_states(node, () if supervisor is None else supervisor.witnesses, now_ns=now_ns)
    for labels, found in {(channel.instrument_id, channel.channel): state for channel, state in states[:MOST_CHANNELS]}.items():
        for state in FEED_STATES:
            yield "tc_feed_state", (run, *labels, state), int(state == found)


def _venue(run: str, supervisor: SupervisorHeartbeat) -> Iterator[Sample]:
    if supervisor.is_venue_reachable is not None:
        yield "tc_venue_up", (run,), int(supervisor.is_venue_reachable)
    if supervisor.request_weight is not None:
        yield "tc_venue_request_weight", (run,), supervisor.request_weight
    if supervisor.request_weight_limit is not None:
        yield "tc_venue_request_weight_limit", (run,), supervisor.request_weight_limit


def _disk(facts: RunFacts) -> Iterator[Sample]:
    if facts.disk is not None:
        yield "tc_run_disk_free_bytes", (facts.run_id,), facts.disk.free_bytes
    if facts.min_free_bytes is not None:
        yield "tc_run_disk_min_free_bytes", (facts.run_id,), facts.min_free_bytes


def _usage(facts: RunFacts, now_ns: int) -> Iterator[Sample]:
    run, usage, figures = facts.run_id, facts.usage, facts.figures
    if usage is not None:
        yield "tc_run_cpu_seconds_total", (run,), usage.cpu_s
        yield "tc_run_peak_memory_bytes", (run,), usage.peak_memory_bytes
        if usage.read_bytes is not None:
            yield "tc_run_read_bytes_total", (run,), usage.read_bytes
        if usage.written_bytes is not None:
            yield "tc_run_written_bytes_total", (run,), usage.written_bytes
    if figures is not None and facts.started_ns is not None and now_ns > facts.started_ns:
        seconds = (now_ns - facts.started_ns) / _NS
        yield "tc_run_rows_per_second", (run,), figures.data.rows / seconds
        yield "tc_run_events_per_second", (run,), figures.journal.events / seconds
