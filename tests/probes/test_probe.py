from pathlib import Path

import pytest

from probed_servers import OK, answering, certificate, server_context, serving
from tc.errors import DocumentError, RefusedError
from tc.probes.probe import probe
from tc.spec.probe_url import judge_target


def test_so_many_attempts_are_made_and_so_much_time_lies_between_their_beginnings() -> None:
    pauses: list[float] = []
    with serving(answering(OK)) as served:
        found = probe(judge_target(served.url()), timeout_ms=5_000, count=3, interval_ms=60_000, pause=pauses.append)
    assert [each.state for each in found] == ["ok"] * 3
    assert served.connections == 3
    assert [round(each / 60) for each in pauses] == [1, 2]
    assert all(each < number * 60 for number, each in enumerate(pauses, 1))


def test_an_attempt_that_took_longer_than_the_interval_is_followed_at_once() -> None:
    with serving(answering(OK)) as served:
        found = probe(
            judge_target(served.url()), timeout_ms=5_000, count=2, interval_ms=0, pause=lambda _s: pytest.fail("it waited")
        )
    assert len(found) == 2


def test_a_name_that_changes_between_two_attempts_is_judged_again() -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    with serving(answering(OK)) as served:
        with pytest.raises(RefusedError, match="not on this machine"):
            probe(
                judge_target(served.url(host="localhost")),
                timeout_ms=5_000,
                count=2,
                interval_ms=0,
                resolve=lambda _host, _port: next(answers),
            )
        assert served.connections == 1


def test_a_file_of_authorities_is_trusted_in_the_place_of_the_systems(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    with serving(answering(OK), context=server_context(cert, key)) as served:
        target = judge_target(served.url("https"))
        [trusted] = probe(target, timeout_ms=5_000, count=1, interval_ms=0, ca_file=cert)
        [refused] = probe(target, timeout_ms=5_000, count=1, interval_ms=0)
    assert (trusted.state, refused.state) == ("ok", "tls_error")


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_that_holds_no_certificate_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DocumentError, match="as certificates"):
        probe(judge_target("https://127.0.0.1:1"), timeout_ms=1, count=1, interval_ms=0, ca_file=file)
