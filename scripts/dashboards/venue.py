"""The dashboard *Venue and connectivity*: feeds, connections, request weight, readiness, probes."""

from grafana_foundation_sdk.builders import dashboard
from parts import BLUE, GREEN, RED, YELLOW, Query, Shown, choice, lines, new_dashboard, number, states, value_colours

_YES = value_colours({"0": ("-", "transparent"), "1": ("yes", BLUE)})
_UP = value_colours({"0": ("down", RED), "1": ("up", GREEN)})


def venue() -> dashboard.Dashboard:
    """Return the dashboard of venues and connectivity."""
    run = choice("run", 'label_values(tc_run_info{mode!="backtest"}, run)', label="Run", multi=True)
    text = "Feeds, connections, request weight, readiness and probes."
    made = new_dashboard("tc-venue", "tc / Venue and connectivity", text, run)
    for panel in (_staleness(), _feeds(), _messages(), _connections(), _reconnects(), _venue_up(), _weight(), _lag(), _queues()):
        made = made.with_panel(panel)
    made = made.with_row(dashboard.Row("Heartbeats"))
    for panel in (_heartbeats(), _node()):
        made = made.with_panel(panel)
    made = made.with_row(dashboard.Row("Readiness and probes"))
    for panel in (_readiness(), _probe_states(), _probe_latency(), _probe_loss(), _probe_status()):
        made = made.with_panel(panel)
    return made


def _staleness() -> object:
    query = Query('tc_data_staleness_seconds{run=~"$run"}', "{{instrument}} {{channel}}")
    steps = ((0, GREEN), (5, RED))
    shown = Shown("Staleness", "Time since a channel's last message.", (query,), unit="s", steps=steps, runbook="feed-stale")
    return lines(shown)


def _feeds() -> object:
    query = Query('tc_feed_state{run=~"$run"}', "{{instrument}} {{channel}} {{state}}")
    text = "live; quiet: the venue has no news either; silent: nobody knows; dead: news do not come; disconnected."
    return states(Shown("Feeds", text, (query,), runbook="feed-stale"), _YES)


def _messages() -> object:
    query = Query('rate(tc_data_messages_total{run=~"$run"}[1m])', "{{instrument}} {{channel}}")
    return lines(Shown("Messages", "Of market data, per second.", (query,), unit="cps"))


def _connections() -> object:
    query = Query('tc_connection_up{run=~"$run"}', "{{run}} {{client}}")
    return states(Shown("Connections", "Of the node's clients.", (query,), runbook="venue-connection"), _UP)


def _reconnects() -> object:
    query = Query('increase(tc_reconnects_total{run=~"$run"}[5m])', "{{run}} {{client}}")
    steps = ((0, GREEN), (3, RED))
    return lines(Shown("Reconnects", "In five minutes.", (query,), steps=steps, runbook="venue-connection"))


def _venue_up() -> object:
    query = Query('tc_venue_up{run=~"$run"}', "{{run}}")
    return states(Shown("Venue", "Whether it answers the supervisor.", (query,), runbook="venue-connection"), _UP)


def _weight() -> object:
    queries = (
        Query('tc_venue_request_weight{run=~"$run"}', "{{run}} used"),
        Query('tc_venue_request_weight_limit{run=~"$run"}', "{{run}} limit"),
    )
    return lines(Shown("Request weight", "Used of the venue's limit per minute.", queries, runbook="request-weight"))


def _lag() -> object:
    query = Query('tc_event_loop_lag_seconds{run=~"$run"}', "{{run}}")
    steps = ((0, GREEN), (0.25, RED))
    return lines(Shown("Event-loop lag", "Of the node.", (query,), unit="s", steps=steps, runbook="event-loop-lag"))


def _queues() -> object:
    query = Query('tc_queue_size{run=~"$run"}', "{{run}} {{queue}}")
    return lines(Shown("Queues", "Messages waiting in the engine.", (query,), runbook="event-loop-lag"))


def _heartbeats() -> object:
    query = Query('time() - tc_heartbeat_timestamp_seconds{run=~"$run"} and on (run) tc_run_active == 1', "{{run}} {{source}}")
    steps = ((0, GREEN), (3, RED))
    shown = Shown("Heartbeat age", "Of runs at work.", (query,), unit="s", steps=steps, runbook="heartbeat-missing", width=12)
    return lines(shown)


def _node() -> object:
    query = Query('tc_node_state{run=~"$run"}', "{{run}} {{state}}")
    return states(Shown("Node", "The state that it is in.", (query,), width=12), _YES)


def _readiness() -> object:
    query = Query("tc_connectivity_readiness_state == 1", "{{spec}}: {{state}}", is_instant=True)
    shown = Shown("Readiness", "Whether what specs need to connect is configured.", (query,), runbook="probe-failing", height=6)
    return number(shown, text="name")


def _probe_states() -> object:
    query = Query("tc_probe_state == 1", "{{target}}: {{state}}", is_instant=True)
    shown = Shown("Probes", "What the last probe of each target found.", (query,), runbook="probe-failing", height=6)
    return number(shown, text="name")


def _probe_latency() -> object:
    query = Query("tc_probe_duration_seconds", "{{target}} {{phase}}")
    return lines(Shown("Probe latency", "By phase.", (query,), unit="s", runbook="probe-failing", height=6))


def _probe_loss() -> object:
    steps = ((0, GREEN), (0.01, YELLOW), (0.5, RED))
    query = Query("tc_probe_loss_ratio", "{{target}}")
    return lines(Shown("Probe loss", "Attempts that failed.", (query,), unit="percentunit", steps=steps, runbook="probe-failing", height=6))


def _probe_status() -> object:
    query = Query("tc_probe_http_status_code", "{{target}}", is_instant=True)
    return number(Shown("HTTP status", "Of the last probe.", (query,), unit="none", runbook="probe-failing", height=6))
