"""The dashboard *Venue and connectivity*: feeds, connections, request weight, readiness, probes."""

from content import FINE, GREEN, RED, YELLOW, Query, Shown, Steps, from_on, known_or_zero
from frame import About, choice, framed
from grafana_foundation_sdk.builders import dashboard
from panels import PanelBuilder, lines, number, states
from state_sets import FEED, NODE, UP
from venue_probes import readiness_and_probes

_RUN = 'run=~"$run"'
_NOT_LIVE = "no run chosen is at work"


def venue() -> dashboard.Dashboard:
    """Return the dashboard of venues and connectivity."""
    about = About("tc-venue", "tc / Venue and connectivity", "Do runs see their market and reach their venue, and would they?")
    made = {
        "": (_dead(), _silent(), _down(), _unreached(), _weightiest(), _failing()),
        "Feeds": (_feeds(), _staleness(), _messages(), _anomalies(), _judged()),
        "Connections": (_connections(), _venue_up(), _reconnects(), _weight(), _weight_ratio(), _in_flight()),
        "Nodes": (_node(), _heartbeats(), _lag(), _queues(), _clocks()),
        "Readiness and probes": readiness_and_probes(),
    }
    run = choice("run", 'label_values(tc_run_info{mode!="backtest"}, run)', label="Run", is_multi=True)
    return framed(
        about, made, variables=(run,), alerts='alertname=~"Tc(Feed|Venue|Reconnect|Request|Heartbeat|Clock|EventLoop|Probe).*"'
    )


def _count(title: str, text: str, condition: str, runbook: str) -> PanelBuilder:
    query = Query(known_or_zero(f"count({condition})"), is_instant=True)
    return number(Shown(title, text, (query,), "none", from_on(1), runbook, width=4, height=4, nothing="not known"))


def _dead() -> PanelBuilder:
    text = "Channels that bring nothing although the venue has news."
    return _count("Dead feeds", text, 'tc_feed_state{state="dead"} == 1', "feed-stale")


def _silent() -> PanelBuilder:
    text = "Channels that are silent while connected, and nobody could ask whether the market is quiet."
    return _count("Silent feeds", text, 'tc_feed_state{state="silent"} == 1', "feed-stale")


def _down() -> PanelBuilder:
    return _count("Connections down", "Clients of nodes that are not connected.", "tc_connection_up == 0", "venue-connection")


def _unreached() -> PanelBuilder:
    text = "Runs whose venue did not answer the supervisor's last question."
    return _count("Venues not reached", text, "tc_venue_up == 0", "venue-connection")


def _weightiest() -> PanelBuilder:
    query = Query("max(tc:request_weight:ratio)", is_instant=True)
    text = "What is used of the request weight per minute, of the run that uses most."
    steps = ((0, GREEN), (0.5, YELLOW), (0.8, RED))
    shown = Shown(
        "Request weight used", text, (query,), "percentunit", steps, "request-weight", 4, 4, nothing="no run is at work"
    )
    return number(shown)


def _failing() -> PanelBuilder:
    text = "Targets whose last probe, of the last quarter of an hour, found anything but ok."
    condition = 'tc_probe_state{state!="ok"} == 1 and on (run, spec, target) time() - tc_probe_timestamp_seconds < 900'
    return _count("Probes that fail", text, condition, "probe-failing")


def _of_runs(
    title: str,
    text: str,
    queries: tuple[Query, ...],
    *,
    runbook: str,
    unit: str = "none",
    steps: Steps = FINE,
    width: int = 8,
) -> Shown:
    return Shown(title, text, queries, unit, steps, runbook, width, nothing=_NOT_LIVE, is_by_run=True)


def _feeds() -> PanelBuilder:
    query = Query(FEED.coded("run, instrument, channel", _RUN), "{{run}} {{instrument}} {{channel}}")
    text = (
        "Live; quiet: the venue has no news either; silent: connected, nobody knows; dead: the venue has news that do not come."
    )
    return states(_of_runs("Feeds", text, (query,), runbook="feed-stale"), FEED.mappings)


def _staleness() -> PanelBuilder:
    query = Query(f"tc_data_staleness_seconds{{{_RUN}}}", "{{run}} {{instrument}} {{channel}}")
    text = "Time since a channel's last message. A quiet market is silent, too: what counts is the state beside."
    return lines(_of_runs("Staleness", text, (query,), unit="s", runbook="feed-stale"))


def _messages() -> PanelBuilder:
    query = Query(f"rate(tc_data_messages_total{{{_RUN}}}[$__rate_interval])", "{{run}} {{instrument}} {{channel}}")
    return lines(_of_runs("Messages", "Of market data, per second.", (query,), unit="cps", runbook="feed-stale"))


def _anomalies() -> PanelBuilder:
    query = Query(f"increase(tc_feed_anomalies_total{{{_RUN}}}[1m])", "{{run}} {{instrument}} {{channel}} {{kind}}")
    text = "Messages that were wrong on the wire, in a minute: gap, duplicate, backwards, delayed, crossed, empty, malformed."
    return lines(_of_runs("Anomalies", text, (query,), steps=from_on(1), runbook="feed-anomaly", width=24))


def _judged() -> PanelBuilder:
    query = Query(f"tc_feed_judged{{{_RUN}}}", "{{run}}")
    text = "Whether a node judges its messages; once it cannot, the anomalies above say nothing any more."
    return states(_of_runs("Judged on the wire", text, (query,), runbook="feed-anomaly", width=24), UP)


def _connections() -> PanelBuilder:
    query = Query(f"tc_connection_up{{{_RUN}}}", "{{run}} {{client}}")
    return states(_of_runs("Connections", "Of the node's clients.", (query,), runbook="venue-connection"), UP)


def _venue_up() -> PanelBuilder:
    query = Query(f"tc_venue_up{{{_RUN}}}", "{{run}}")
    text = "Whether it answered the supervisor's last question, by a connection that is not the node's."
    return states(_of_runs("Venue", text, (query,), runbook="venue-connection"), UP)


def _reconnects() -> PanelBuilder:
    query = Query(f"increase(tc_reconnects_total{{{_RUN}}}[5m])", "{{run}} {{client}}")
    text = "How often a connection came back, in five minutes; more than three times is a storm."
    return lines(_of_runs("Reconnects", text, (query,), steps=from_on(3), runbook="venue-connection"))


def _weight() -> PanelBuilder:
    queries = (
        Query(f"tc_venue_request_weight{{{_RUN}}}", "{{run}} used"),
        Query(f"tc_venue_request_weight_limit{{{_RUN}}}", "{{run}} limit"),
    )
    text = "What is used of the venue's request weight per minute, and its limit."
    return lines(_of_runs("Request weight", text, queries, runbook="request-weight"))


def _weight_ratio() -> PanelBuilder:
    query = Query(f"tc:request_weight:ratio{{{_RUN}}}", "{{run}}")
    text = "Beyond the limit the venue refuses, then bans."
    steps = from_on(0.8)
    return lines(_of_runs("Part of the weight used", text, (query,), unit="percentunit", steps=steps, runbook="request-weight"))


def _in_flight() -> PanelBuilder:
    query = Query(f"tc_order_oldest_in_flight_seconds{{{_RUN}}}", "{{run}}")
    text = "Age of the oldest command that the venue has not answered; 0 when there is none."
    steps = from_on(5)
    return lines(_of_runs("Oldest in flight", text, (query,), unit="s", steps=steps, runbook="order-stuck-in-flight"))


def _node() -> PanelBuilder:
    query = Query(NODE.coded("run", _RUN), "{{run}}")
    return states(
        _of_runs("Node", "The state that it says it is in.", (query,), runbook="heartbeat-missing", width=6), NODE.mappings
    )


def _heartbeats() -> PanelBuilder:
    expr = f"time() - tc_heartbeat_timestamp_seconds{{{_RUN}}} and on (run) tc:at_work:info"
    text = "Time since a process said that it lives, of runs at work. Its alert fires after five of its intervals."
    query = Query(expr, "{{run}} {{source}}")
    return lines(_of_runs("Heartbeat age", text, (query,), unit="s", steps=from_on(5), runbook="heartbeat-missing", width=6))


def _lag() -> PanelBuilder:
    query = Query(f"tc_event_loop_lag_seconds{{{_RUN}}}", "{{run}}")
    text = "How late the node's event loop was: market data and orders wait as long."
    return lines(_of_runs("Event-loop lag", text, (query,), unit="s", steps=from_on(0.25), runbook="event-loop-lag", width=6))


def _clocks() -> PanelBuilder:
    query = Query(f"tc_clock_offset_seconds{{{_RUN}}}", "{{run}} {{source}}")
    text = "How far the clock that a process goes by is ahead of the kernel's; below zero, behind. Its alert fires at a second."
    return lines(_of_runs("Clock offset", text, (query,), unit="s", steps=from_on(1), runbook="clock-jump", width=24))


def _queues() -> PanelBuilder:
    query = Query(f"tc_queue_size{{{_RUN}}}", "{{run}} {{queue}}")
    return lines(_of_runs("Queues", "Messages that wait in the engine.", (query,), runbook="event-loop-lag", width=6))
