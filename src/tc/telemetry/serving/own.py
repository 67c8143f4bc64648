"""The server's own figures: processor, memory, open files and garbage of its process, as prometheus_client collects them."""

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from tc.telemetry.exposition.lines import END, Format

_registry = CollectorRegistry()
ProcessCollector(registry=_registry)
PlatformCollector(registry=_registry)
GCCollector(registry=_registry)


def own_metrics(written: Format) -> bytes:
    """Return the lines of this process, without the mark of the end."""
    if written == "text":
        return generate_latest(_registry)
    lines: bytes = generate_openmetrics(_registry)  # type: ignore[no-untyped-call]  # the library has no types there
    return lines.removesuffix(END["openmetrics"])
