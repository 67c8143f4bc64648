"""Who is woken up keeps what Alertmanager sends, and misses the alert that always fires."""

import urllib.error
import urllib.request
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import msgspec
import pytest

from paper_runs import until
from tc.lab.receiver import Alert, Message, Receiver, receiving
from tc.ports.drills import Seen
from tc.spec.drills.words import DEAD_MANS_SWITCH, SILENT


def message(name: str, *statuses: str, summary: str = "", run: str = "r") -> Message:
    """What Alertmanager sends of one group."""
    alerts = tuple(Alert(each, {"alertname": name}, {"summary": summary}) for each in statuses)
    return Message(alerts, f"{{}}:{{alertname={name}, run={run}}}")


def test_that_an_alert_fires_is_told_once_and_that_it_does_no_more_when_the_last_of_its_name_is_over() -> None:
    receiver = Receiver(60)
    receiver.take(message("TcA", "firing", summary="it is so"))
    receiver.take(message("TcB", "firing", "firing"))
    receiver.take(message("TcB", "firing", run="other"))
    assert receiver.firing == ("TcA", "TcB")
    receiver.take(message("TcB", "resolved", "resolved"))
    receiver.take(message("TcA", "resolved", summary="it is so"))
    assert receiver.firing == ("TcB",)
    receiver.take(message("TcB", "resolved", run="other"))
    assert receiver.firing == ()
    assert receiver.look() == (
        Seen("alert", "TcA", "it is so"),
        Seen("alert", "TcB"),
        Seen("resolved", "TcA", "it is so"),
        Seen("resolved", "TcB"),
    )
    assert receiver.look() == ()


def test_an_alert_is_told_once_for_each_of_its_labels_that_tell_it_apart() -> None:
    def of(*kinds: str, status: str = "firing") -> Message:
        usual = {"alertname": "TcA", "run": "r", "severity": "warning", "instance": "i", "job": "tc"}
        alerts = (Alert(status, {**usual, "kind": kind, "channel": "Q"}, {"summary": kind}) for kind in kinds)
        return Message(tuple(alerts), "{}")

    receiver = Receiver(60)
    receiver.take(of("gap"))
    receiver.take(of("gap", "late"))
    gap, late = Seen("alert", "TcA", "gap {channel=Q, kind=gap}"), Seen("alert", "TcA", "late {channel=Q, kind=late}")
    assert receiver.look() == (gap, late)
    receiver.take(of("gap", "late", status="resolved"))
    receiver.take(of("gap"))
    assert receiver.look() == (Seen("resolved", "TcA", "gap"), gap)


def test_the_alert_that_always_fires_is_no_news_until_it_stops_coming() -> None:
    receiver = Receiver(0.05)
    assert receiver.look() == ()
    assert not receiver.is_connected
    receiver.take(message(DEAD_MANS_SWITCH, "firing"))
    assert (receiver.is_connected, receiver.firing, receiver.look()) == (True, (), ())
    [silent] = until(receiver.look)
    assert (silent.source, silent.name) == ("event", SILENT)
    assert receiver.look() == ()
    receiver.take(message(DEAD_MANS_SWITCH, "firing"))
    assert until(receiver.look)[0].name == SILENT


def post(url: str, body: bytes) -> int:
    """Send what Alertmanager sends, and return the answer's status."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=5) as answer:  # noqa: S310 - on this machine
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"alerts":"no"}', b'{"alerts":[{"labels":{}}]}', b"\xff"])
def test_what_is_no_message_of_alertmanager_is_refused(body: bytes) -> None:
    with receiving(60) as receiver:
        assert post(receiver.url, body) == 400
        assert (receiver.look(), receiver.firing) == ((), ())


@pytest.mark.parametrize("length", ["abc", "-1", "", "1e3", "²"])
def test_a_length_that_is_none_is_refused_and_the_next_message_is_taken(length: str, capsys: pytest.CaptureFixture[str]) -> None:
    with receiving(60) as receiver:
        address = urlsplit(receiver.url)
        with closing(HTTPConnection(str(address.hostname), address.port, timeout=5)) as line:
            line.putrequest("POST", address.path)
            line.putheader("Content-Length", length.encode())
            line.endheaders()
            assert line.getresponse().status == 400
        assert post(receiver.url, msgspec.json.encode(message("TcA", "firing"))) == 200
    assert capsys.readouterr().err == ""


def test_it_listens_on_this_machine_only_for_as_long_as_it_is_asked_to() -> None:
    with receiving(60) as receiver:
        assert receiver.url.startswith("http://127.0.0.1:")
        forged = receiver.url.rpartition("/")[0]
        assert [post(f"{forged}/{path}", msgspec.json.encode(message("TcA", "firing"))) for path in ("", "alerts")] == [404, 404]
        assert receiver.firing == ()
        assert post(receiver.url, msgspec.json.encode(message("TcA", "firing"))) == 200
        assert receiver.firing == ("TcA",)
    with pytest.raises(urllib.error.URLError, match="refused"):
        post(receiver.url, b"")
