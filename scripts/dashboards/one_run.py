"""The dashboard *Run*: one run, chosen above."""

from content import FINE, GREEN, PLAIN, RED, YELLOW, Query, Shown, Steps, from_on
from frame import About, choice, framed
from grafana_foundation_sdk.builders import dashboard
from links import page_of, venue_of
from one_run_journal import events_and_process
from one_run_safety import safety
from panels import PanelBuilder, bars, coloured, lines, number, rows
from state_sets import INTACT, KILL, RUN, VERDICT, words

_NOT_LIVE = "not at work"


def one_run() -> dashboard.Dashboard:
    """Return the dashboard of one run."""
    about = About("tc-run", "tc / Run", "What is this run, what does it do and hold, is it safe, and what has it used?")
    made = {
        "": (_state(), _kill(), _compared(), _journal(), _heard_of(), _after_halt(), _told(), _identity()),
        "Trading": (_position(), _exposure(), _equity(), _profit(), _orders(), _refusals(), _fills(), _limits(), _in_flight()),
        "Safety": safety(),
        "Journal and process": events_and_process(),
    }
    mode = choice("mode", "label_values(tc_run_info, mode)", label="Mode", is_multi=True)
    run = choice("run", 'label_values(tc_run_info{mode=~"$mode"}, run)', label="Run")
    return framed(about, made, variables=(mode, run), links=(page_of(), venue_of()), alerts='run="$run"')


def _one(
    title: str, text: str, expr: str, *, runbook: str = "", unit: str = "none", steps: Steps = PLAIN, nothing: str = "-"
) -> Shown:
    query = Query(expr, is_instant=True)
    return Shown(title, text, (query,), unit, steps, runbook, width=4, height=4, nothing=nothing)


def _state() -> PanelBuilder:
    shown = _one("State", "Where the run stands.", RUN.coded("run", 'run="$run"'), runbook="restart-recovery")
    return number(shown, RUN.mappings)


def _kill() -> PanelBuilder:
    shown = _one("Kill switch", "Its mode in the journal.", KILL.coded("run", 'run="$run"'), runbook="safety-gate")
    return number(shown, KILL.mappings)


def _compared() -> PanelBuilder:
    text = "What the last comparison with the venue came to. Unknown is not flat."
    expr = VERDICT.coded("run", 'run="$run"')
    shown = _one("Last reconciliation", text, expr, runbook="reconciliation-mismatch", nothing="never compared")
    return number(shown, VERDICT.mappings)


def _journal() -> PanelBuilder:
    text = "Whether every line follows from the one before."
    return number(_one("Journal", text, 'tc_journal_intact{run="$run"}', runbook="journal-broken"), INTACT)


def _heard_of() -> PanelBuilder:
    expr = 'max(time() - tc_heartbeat_timestamp_seconds{run="$run"} and on (run) tc_run_active{run="$run"} == 1)'
    text = "How long ago that process said that it lives which was heard of longest ago. Its alert fires after five intervals."
    return number(_one("Last heartbeat", text, expr, runbook="heartbeat-missing", unit="s", steps=from_on(5), nothing=_NOT_LIVE))


def _after_halt() -> PanelBuilder:
    text = "Orders that were sent after the run was halted: must be 0."
    return number(
        _one("Sent after halt", text, 'tc_submits_after_halt_total{run="$run"}', runbook="safety-gate", steps=from_on(1))
    )


def _told() -> PanelBuilder:
    query = Query('ALERTS{run="$run", alertname=~"Tc.+"}', is_instant=True)
    columns = {"severity": "severity", "alertname": "alert", "alertstate": "state"}
    columns |= {name: name for name in ("mode", "instrument", "channel", "client", "limit", "source")}
    shown = Shown("Alerts of this run", "Those that fire, or will if it goes on.", (query,), width=10, height=5, nothing="none")
    return rows(
        shown, columns, {"severity": coloured(words({"critical": RED, "warning": YELLOW}))}, sort="severity", is_rising=True
    )


def _identity() -> PanelBuilder:
    asked = (
        'max by (name, mode, engine, strategy, instrument, venue, tc_version) (tc_run_info{run="$run"})',
        'max(tc_run_created_timestamp_seconds{run="$run"}) * 1000',
        'max(tc_run_started_timestamp_seconds{run="$run"}) * 1000',
        'max(tc_run_ended_timestamp_seconds{run="$run"}) * 1000',
        'max(tc_run_duration_seconds{run="$run"})',
        'max(tc_run_resumes_total{run="$run"})',
    )
    columns = {name: name for name in ("name", "mode", "engine", "strategy", "instrument", "venue")}
    columns |= {"tc_version": "tc", "Value #B": "created", "Value #C": "started", "Value #D": "ended"}
    columns |= {"Value #E": "duration", "Value #F": "resumed"}
    times = ("created", "started", "ended")
    styles: dict[str, dict[str, object]] = {name: {"unit": "dateTimeAsIso"} for name in times}
    styles |= {"duration": {"unit": "dtdurations"}, "resumed": {"unit": "none"}}
    queries = tuple(Query(expr, is_instant=True) for expr in asked)
    shown = Shown("This run", "What it is, and when; a run that goes on has no end.", queries, width=14, height=5)
    return rows(shown, columns, styles, sort="started")


def _position() -> PanelBuilder:
    query = Query('tc_position{run="$run"}', "{{instrument}}")
    return lines(Shown("Position", "Signed quantity.", (query,), nothing="never had one"), is_stepped=True)


def _exposure() -> PanelBuilder:
    query = Query('tc_exposure{run="$run"}', "{{instrument}} ({{currency}})")
    text = "Value of the position at the last price known, without its sign."
    return lines(Shown("Exposure", text, (query,), runbook="risk-limit-exceeded", nothing="never had a position"))


def _equity() -> PanelBuilder:
    queries = (Query('tc_equity{run="$run"}', "equity ({{currency}})"), Query('tc_balance{run="$run"}', "balance ({{currency}})"))
    text = "Equity by the fills, and the balance as the engine stated it last. Exact amounts are in the report."
    return lines(Shown("Equity and balance", text, queries), axis_from=None)


def _profit() -> PanelBuilder:
    queries = (
        Query('tc_realized_profit{run="$run"}', "profit of {{instrument}} ({{currency}})"),
        Query('tc_commissions{run="$run"}', "commissions ({{currency}})"),
    )
    return lines(Shown("Profit and commissions", "Profit of closed positions, before commissions; and these.", queries))


def _orders() -> PanelBuilder:
    query = Query('tc_orders{run="$run"}', "{{status}}", is_instant=True)
    return bars(Shown("Orders", "By what became of them.", (query,), "none", PLAIN))


def _refusals() -> PanelBuilder:
    query = Query('sum by (event, reason) (tc_order_refusals_total{run="$run"})', "{{event}}: {{reason}}", is_instant=True)
    text = "Since the run began, by reason; numbers in it are replaced by #."
    return bars(Shown("Denials and rejections", text, (query,), "none", PLAIN, "reject-rate", nothing="none"))


def _fills() -> PanelBuilder:
    queries = (Query('tc_fills_total{run="$run"}', "fills"), Query('tc_turnover_total{run="$run"}', "turnover ({{currency}})"))
    text = "Since the run began; turnover, on the right, is the value of all fills."
    return lines(Shown("Fills and turnover", text, queries), right=("/turnover/", "short"))


def _limits() -> PanelBuilder:
    queries = (
        Query('max by (limit) (tc_risk_limit{run="$run"})', is_instant=True),
        Query('max by (limit) (tc_risk_limit_usage_ratio{run="$run"})', is_instant=True),
    )
    steps = [{"color": colour, "value": value} for value, colour in ((None, GREEN), (0.8, YELLOW), (1, RED))]
    used = {
        "unit": "percentunit",
        "custom.cellOptions": {"type": "color-text"},
        "thresholds": {"mode": "absolute", "steps": steps},
    }
    text = "The limits of the run's risk configuration, and what is used of those that are of a state; above 100 % one is broken."
    columns = {"limit": "limit", "Value #A": "is", "Value #B": "used"}
    shown = Shown("Limits", text, queries, runbook="risk-limit-exceeded", nothing="no gate")
    return rows(shown, columns, {"used": used}, sort="used")


def _in_flight() -> PanelBuilder:
    queries = (
        Query('tc_orders_in_flight{run="$run"}', "in flight"),
        Query('tc_orders_waiting{run="$run"}', "held by the gate"),
        Query('tc_order_oldest_in_flight_seconds{run="$run"}', "age of the oldest"),
    )
    text = "Commands that were sent and not answered yet, or that the gate holds; the age of the oldest is on the right."
    return lines(
        Shown("In flight", text, queries, "none", FINE, "order-stuck-in-flight", nothing=_NOT_LIVE),
        is_stepped=True,
        right=("/age/", "s"),
    )
