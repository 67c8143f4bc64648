"""Where panels and dashboards lead: runbooks, a run's page and dashboard; the addresses are variables of the dashboards."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

PAGE_URL, RUNBOOKS_URL = "page_url", "runbooks_url"
DEFAULTS = {PAGE_URL: "http://127.0.0.1:8000", RUNBOOKS_URL: "http://127.0.0.1:8000/runbooks"}


def link(title: str, url: str, *, is_new_tab: bool = True) -> dashboard.DashboardLink:
    """Return a link."""
    return dashboard.DashboardLink(title).type(models.DashboardLinkType.LINK).url(url).target_blank(is_new_tab)


def status_page() -> dashboard.DashboardLink:
    """Return the link to the status page."""
    return link("Status page", f"${{{PAGE_URL}}}/")


def runbooks() -> dashboard.DashboardLink:
    """Return the link to the folder of runbooks."""
    return link("Runbooks", f"${{{RUNBOOKS_URL}}}")


def runbook(name: str) -> dashboard.DashboardLink:
    """Return the link to a runbook."""
    return link(f"Runbook: {name}", f"${{{RUNBOOKS_URL}}}/{name}")


def page_of(run: str = "${run}") -> dashboard.DashboardLink:
    """Return the link to a run's page, the run being named by a variable of Grafana."""
    return link("Page of this run", f"${{{PAGE_URL}}}/runs/{run}")


def dashboard_of(run: str) -> dashboard.DashboardLink:
    """Return the link to a run's dashboard, over the time that is looked at."""
    return link("Dashboard of this run", f"/d/tc-run?var-run={run}&${{__url_time_range}}", is_new_tab=False)


def venue_of(run: str = "${run}") -> dashboard.DashboardLink:
    """Return the link to a run's feeds and connections, over the time that is looked at."""
    return link("Its venue", f"/d/tc-venue?var-run={run}", is_new_tab=False).keep_time(keep_time=True)


def others() -> dashboard.DashboardLink:
    """Return the menu of all dashboards of tc; it keeps the time but no choice: all runs are none to a dashboard of one."""
    menu = dashboard.DashboardLink("Dashboards").type(models.DashboardLinkType.DASHBOARDS).tags(["tc"])
    return menu.as_dropdown(as_dropdown=True).keep_time(keep_time=True)
