"""What all dashboards are made of: panels with a unit, thresholds, and links to the runbook of what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="tc-prometheus")
WIDTH = 24
PAGE_URL = "${page_url}"
RUNBOOKS_URL = "${runbooks_url}"
GREEN, YELLOW, RED, BLUE = "green", "yellow", "red", "blue"


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression and how its series are called; ``is_instant`` asks for the last value only."""

    expr: str
    legend: str = ""
    is_instant: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What a panel shows.

    Parameters
    ----------
    title, help
        What it is, and what a reader should know of it.
    queries
        What is asked.
    unit
        Grafana's name of the unit: ``s``, ``bytes``, ``percentunit``, ``short``, ``dateTimeFromNow``.
    steps
        Thresholds from the lowest: a value from which on, and its colour; the first value is ignored.
    runbook
        The runbook of the alert about it, without its suffix.
    width, height
        In the grid's 24 columns and its rows.

    """

    title: str
    help: str
    queries: tuple[Query, ...]
    unit: str = "short"
    steps: tuple[tuple[float, str], ...] = ((0, GREEN),)
    runbook: str = ""
    width: int = 8
    height: int = 7


def page_link(run: str = "${run}") -> dashboard.DashboardLink:
    """Return the link to a run's page on the status page."""
    return _link("Page of this run", f"{PAGE_URL}/runs/{run}")


def lines(shown: Shown, *, stacked: bool = False, style: Literal["line", "steps"] = "line") -> timeseries.Panel:
    """Return a panel of values over time."""
    panel = _of(timeseries.Panel(), shown).fill_opacity(10 if not stacked else 40).line_width(1)
    panel = panel.legend(
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.LIST)
        .placement(common_models.LegendPlacement.BOTTOM)
        .show_legend(True)
    ).tooltip(
        common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI).sort(common_models.SortOrder.DESCENDING)
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    if style == "steps":
        panel = panel.line_interpolation(common_models.LineInterpolation.STEP_AFTER)
    if len(shown.steps) > 1:
        panel = panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
        )
    return panel


def number(shown: Shown, *, mappings: Sequence[models.ValueMapping] = (), text: Literal["value", "name"] = "value") -> stat.Panel:
    """Return a panel of one number, or of the names of the series that there are."""
    panel = _of(stat.Panel(), shown).graph_mode(common_models.BigValueGraphMode.NONE)
    panel = panel.color_mode(common_models.BigValueColorMode.VALUE).mappings(list(mappings))
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if text == "name":
        panel = panel.text_mode(common_models.BigValueTextMode.NAME)
    return panel


def states(shown: Shown, mappings: Sequence[models.ValueMapping]) -> statetimeline.Panel:
    """Return a panel of states over time, one row a series."""
    panel = _of(statetimeline.Panel(), shown).mappings(list(mappings)).show_value(common_models.VisibilityMode.NEVER)
    return panel.merge_values(True).fill_opacity(80).line_width(0)


def rows(
    shown: Shown, *, renamed: dict[str, str], hidden: Sequence[str], links: Sequence[dashboard.DashboardLink] = ()
) -> table.Panel:
    """Return a table of series: one row each, its labels as columns, several queries joined by their labels."""
    keep = {name: True for name in ("Time", *hidden)}
    panel = _of(table.Panel(), shown)
    panel = panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
    organize = {"excludeByName": keep, "renameByName": renamed, "indexByName": {name: at for at, name in enumerate(renamed)}}
    panel = panel.with_transformation(models.DataTransformerConfig(id_val="organize", options=organize))
    return panel.data_links(list(links)) if links else panel


def value_colours(colours: dict[str, tuple[str, str]]) -> list[models.ValueMapping]:
    """Return what values are called and which colour they have."""
    options = {
        value: models.ValueMappingResult(text=text, color=colour, index=at)
        for at, (value, (text, colour)) in enumerate(colours.items())
    }
    return [models.ValueMap(options=options)]


def new_dashboard(uid: str, title: str, description: str, *variables: Any) -> dashboard.Dashboard:  # noqa: ANN401 - builders
    """Return an empty dashboard with what all have: uid, refresh, links to the others, data source, addresses."""
    made = dashboard.Dashboard(title).uid(uid).description(description).tags(["tc"]).readonly()
    made = made.refresh("5s").time("now-15m", "now").timezone("browser").tooltip(models.DashboardCursorSync.CROSSHAIR)
    made = made.timepicker(dashboard.TimePicker().refresh_intervals(["1s", "5s", "10s", "30s", "1m", "5m"]))
    others = dashboard.DashboardLink("tc").type(models.DashboardLinkType.DASHBOARDS).tags(["tc"]).as_dropdown(True)
    made = made.link(others.keep_time(True).include_vars(True))
    made = made.link(_link("Status page", PAGE_URL)).link(_link("Runbooks", RUNBOOKS_URL))
    for variable in variables:
        made = made.with_variable(variable)
    made = made.with_variable(_constant("page_url", "http://127.0.0.1:8000"))
    return made.with_variable(_constant("runbooks_url", "http://127.0.0.1:8000/runbooks"))


def choice(name: str, query: str, *, label: str, multi: bool = False) -> dashboard.QueryVariable:
    """Return a variable whose values Prometheus knows."""
    made = dashboard.QueryVariable(name).label(label).datasource(DATASOURCE).query(query)
    made = made.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(models.VariableSort.ALPHABETICAL_DESC)
    return made.multi(multi).include_all(multi)


def _constant(name: str, value: str) -> dashboard.ConstantVariable:
    return dashboard.ConstantVariable(name).value(value)


def _of(panel: Any, shown: Shown) -> Any:  # noqa: ANN401 - builders of panels share their methods, not a type
    panel = panel.title(shown.title).description(shown.help).datasource(DATASOURCE).unit(shown.unit)
    panel = panel.span(shown.width).height(shown.height)
    steps = [models.Threshold(value=None if at == 0 else value, color=colour) for at, (value, colour) in enumerate(shown.steps)]
    panel = panel.thresholds(dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps))
    if shown.runbook:
        panel = panel.links([_link(f"Runbook: {shown.runbook}", f"{RUNBOOKS_URL}/{shown.runbook}")])
    for at, query in enumerate(shown.queries):
        panel = panel.with_target(_target(query, chr(ord("A") + at), is_table=isinstance(panel, table.Panel)))
    return panel


def _target(query: Query, ref_id: str, *, is_table: bool) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).ref_id(ref_id).legend_format(query.legend or "__auto").datasource(DATASOURCE)
    if is_table or query.is_instant:
        target = target.instant()
    return target.format("table") if is_table else target


def _link(title: str, url: str) -> dashboard.DashboardLink:
    return dashboard.DashboardLink(title).type(models.DashboardLinkType.LINK).url(url).target_blank(True)
