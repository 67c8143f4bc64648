"""Where the pages lead to."""

from urllib.parse import quote


def run_link(run_id: str) -> str:
    """Return the address of a run's page."""
    return f"/runs/{quote(run_id, safe='')}"


def runbook_link(runbooks: str, name: str) -> str:
    """Return the address of a runbook; empty where nobody said where runbooks are, or where that is no address of the web."""
    if not runbooks.startswith(("https://", "http://", "/")):
        return ""
    return f"{runbooks.rstrip('/')}/{name}.md"
