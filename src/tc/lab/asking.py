"""Asking the lab's own processes over HTTP: once, briefly, and whatever proxies the environment names."""

from contextlib import suppress
from http.client import HTTPException
from urllib.request import ProxyHandler, build_opener

import msgspec

from tc.spec.drills.words import DEAD_MANS_SWITCH

_WITHIN_S = 1
_MOST_BYTES = 1 << 20


class _Alert(msgspec.Struct):
    labels: dict[str, str]


class _Alerts(msgspec.Struct):
    alerts: tuple[_Alert, ...]


class _Answer(msgspec.Struct):
    """What Prometheus answers to `GET /api/v1/alerts`."""

    data: _Alerts


def answer_of(url: str) -> bytes | None:
    """Return what is answered to a GET, at most 1 MiB of it; None where nobody answers well."""
    with suppress(OSError, HTTPException), build_opener(ProxyHandler({})).open(url, timeout=_WITHIN_S) as answer:
        said: bytes = answer.read(_MOST_BYTES)
        return said
    return None


def raised_alerts(prometheus_url: str) -> tuple[str, ...] | None:
    """Return the names of the alerts that fire, or will if what they look at lasts; None where Prometheus does not say.

    The one that always fires is none of them. Prometheus knows it a moment before Alertmanager tells anybody.
    """
    said = answer_of(f"{prometheus_url}/api/v1/alerts")
    with suppress(msgspec.DecodeError):
        if said is not None:
            names = {each.labels.get("alertname", "") for each in msgspec.json.decode(said, type=_Answer).data.alerts}
            return tuple(sorted(names - {DEAD_MANS_SWITCH}))
    return None
