"""The processes of a lab are asked directly and once, and what is no answer is taken for none."""

import json

import pytest

from probed_servers import OK, answering, serving
from tc.lab.asking import answer_of, raised_alerts


def told(*alerts: tuple[str, str]) -> bytes:
    """Return what Prometheus answers where some alerts are in some state."""
    found = [{"labels": {"alertname": name}, "annotations": {}, "state": state, "value": "1e+00"} for name, state in alerts]
    return json.dumps({"status": "success", "data": {"alerts": found}}).encode()


@pytest.mark.parametrize(
    ("said", "pending"),
    [
        (told(), ()),
        (told(("TcB", "pending"), ("TcA", "firing"), ("TcA", "pending"), ("TcDeadMansSwitch", "firing")), ("TcA", "TcB")),
        (b'{"status":"error","error":"not ready"}', None),
        (b"starting up", None),
    ],
)
def test_which_alerts_are_on_their_way_prometheus_says(said: bytes, pending: tuple[str, ...] | None) -> None:
    with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said) + said)) as prometheus:
        assert raised_alerts(prometheus.url(path="")) == pending


def test_a_prometheus_that_does_not_answer_says_of_no_alert_that_it_is_on_its_way() -> None:
    assert raised_alerts("http://127.0.0.1:9") is None


@pytest.mark.parametrize("said", [b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", b"nothing of HTTP\r\n\r\n"])
def test_who_answers_badly_does_not_answer(said: bytes) -> None:
    with serving(answering(said)) as served:
        assert answer_of(served.url()) is None


def test_a_proxy_that_the_environment_names_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with serving(answering(OK)) as served:
        assert answer_of(served.url()) == b"ok"
