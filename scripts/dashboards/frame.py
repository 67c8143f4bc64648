"""A dashboard around its panels: its variables, its links, its annotations, how often it asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models
from links import DEFAULTS, PAGE_URL, RUNBOOKS_URL, others, runbooks, status_page
from panels import DATASOURCE, PanelBuilder, id_of

_LABELS = {PAGE_URL: "Status page", RUNBOOKS_URL: "Runbooks"}


@dataclass(frozen=True, slots=True)
class About:
    """What a dashboard is: its uid, its title, the question that it answers, how often it asks and how far back it looks."""

    uid: str
    title: str
    question: str
    refresh: str = "5s"
    since: str = "now-15m"


def framed(
    about: About,
    rows: Mapping[str, Sequence[PanelBuilder]],
    *,
    variables: Sequence[dashboard.QueryVariable] = (),
    links: Sequence[dashboard.DashboardLink] = (),
    alerts: str = "",
) -> dashboard.Dashboard:
    """Return a dashboard of rows of panels; the first row has no head when its name is empty.

    Parameters
    ----------
    about
        What it is.
    rows
        Its panels by the names of their rows.
    variables
        What is chosen above, beside what all dashboards have.
    links
        Where it leads to, beside where all do.
    alerts
        Label matchers of the alerts that are marked in its panels.

    """
    made = dashboard.Dashboard(about.title).uid(about.uid).description(about.question).tags(["tc"]).editable()
    made = made.refresh(about.refresh).time(about.since, "now").timezone("browser").tooltip(models.DashboardCursorSync.CROSSHAIR)
    made = made.timepicker(dashboard.TimePicker().refresh_intervals(["1s", "5s", "10s", "30s", "1m", "5m"]))
    for variable in (_datasource(), *variables, *(_address(name, url) for name, url in DEFAULTS.items())):
        made = made.with_variable(variable)
    for link in (others(), *links, status_page(), runbooks()):
        made = made.link(link)
    made = made.annotation(_marked(alerts))
    for name, panels in rows.items():
        if name:
            made = made.with_row(dashboard.Row(name).id(id_of(f"row {name}")))
        for panel in panels:
            made = made.with_panel(panel)
    return made


def choice(name: str, query: str, *, label: str, is_multi: bool = False) -> dashboard.QueryVariable:
    """Return a variable whose values Prometheus knows; of several, all is a pattern and not their long list."""
    asked: dict[str, object] = {"qryType": 1, "query": query, "refId": f"{name}-values"}
    made = dashboard.QueryVariable(name).label(label).datasource(DATASOURCE).query(asked)
    made = made.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(models.VariableSort.ALPHABETICAL_DESC)
    if not is_multi:
        return made
    everything = models.VariableOption(text=["All"], value=["$__all"], selected=True)
    return made.multi(multi=True).include_all(include_all=True).all_value(".+").current(everything)


def _datasource() -> dashboard.DatasourceVariable:
    ours = models.VariableOption(text="tc", value="tc-prometheus", selected=True)
    return dashboard.DatasourceVariable("datasource").label("Source").type("prometheus").current(ours)


def _address(name: str, url: str) -> dashboard.TextBoxVariable:
    option = models.VariableOption(text=url, value=url, selected=True)
    return dashboard.TextBoxVariable(name).label(_LABELS[name]).default_value(url).current(option).options([option])


def _marked(matchers: str) -> dashboard.AnnotationQuery:
    told = ", ".join(('alertstate="firing"', 'alertname=~"Tc.+"', 'severity!="none"', *filter(None, (matchers,))))
    made = dashboard.AnnotationQuery().name("Alerts").datasource(DATASOURCE).icon_color("red").enable(enable=True)
    return made.expr(f"ALERTS{{{told}}}")
