"""The status pages of an index: what the run directories say, mapped to what `tc.reports.status` shows."""

from tc.telemetry.pages.status import StatusPages

__all__ = ["StatusPages"]
