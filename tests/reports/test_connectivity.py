"""The documents of checks and probes, and what a report says of them."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from report_samples import HOSTILE, small_report
from tc.reports.connectivity import (
    KeptConnectivity,
    Percentiles,
    ProbeAttempt,
    ProbeDocument,
    ReadinessDocument,
    SoughtName,
    Timings,
    decode_connectivity,
    outcome_of,
)
from tc.reports.html import render_html
from tc.reports.markdown import plain, render_markdown
from tc.reports.page.build import page_of
from tc.reports.page.content import Section
from tc.reports.page.words import NONE

AT_NS = 1_772_446_530_123_456_789


def attempt(state: str = "ok", total_ns: int = 1_000_000, **changed: Any) -> ProbeAttempt:
    timings = Timings(connect_ns=total_ns // 2, total_ns=total_ns)
    document = {"at_ns": AT_NS, "state": state, "address": "127.0.0.1", "http_status": 200, "timings": timings}
    return ProbeAttempt(**(document | changed))


def probe(*results: ProbeAttempt, **changed: Any) -> ProbeDocument:
    document: dict[str, Any] = {
        "at_ns": AT_NS,
        "tc": "0",
        "run": "small",
        "spec": "small",
        "venue": "BINANCE",
        "target": "http://127.0.0.1:18080",
        "is_external": False,
        "timeout_ms": 1000,
        "interval_ms": 1000,
        "results": results or (attempt(),),
    }
    return ProbeDocument(**(document | msgspec.structs.asdict(outcome_of(document["results"])) | changed))


def check(**changed: Any) -> ReadinessDocument:
    document = {"at_ns": AT_NS, "tc": "0", "run": None, "spec": "small", "venue": "BINANCE", "state": "configured"}
    return ReadinessDocument(**(document | changed))


def section_of(*kept: KeptConnectivity) -> Section | None:
    page = page_of(replace(small_report(), connectivity=kept))
    return next((section for section in page.sections if section.id == "connectivity"), None)


def test_attempts_come_to_the_worst_state_their_loss_and_the_percentiles_of_those_that_were_ok() -> None:
    found = outcome_of([attempt(total_ns=each) for each in (40, 10, 20, 30)] + [attempt("timeout", 999, http_status=None)])
    assert (found.state, found.attempts, found.failed, found.loss_ratio, found.http_status) == ("timeout", 5, 1, "0.2", None)
    assert found.latency_ns == {
        "dns": None,
        "connect": Percentiles(5, 10, 20, 20, 20),
        "tls": None,
        "first_byte": None,
        "total": Percentiles(10, 20, 40, 40, 40),
    }


@pytest.mark.parametrize("document", [probe(), probe(attempt("unreachable", address=None)), check(), check(run="r")])
def test_a_document_is_read_back_as_it_was_written(document: ProbeDocument | ReadinessDocument) -> None:
    assert decode_connectivity(msgspec.json.encode(document)) == document
    assert document.to_dict()["kind"] in {"probe", "readiness"}


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 100_000, b'{"kind":"other"}', b"\xff", b'{"kind":"readiness"}'])
def test_what_is_no_such_document_is_none(data: bytes) -> None:
    assert decode_connectivity(data) is None


def test_a_document_of_another_version_or_with_another_field_is_none() -> None:
    assert decode_connectivity(msgspec.json.encode(check(schema=2))) is None
    assert decode_connectivity(msgspec.json.encode(check().to_dict() | {"value": "x"})) is None


def test_a_run_that_was_neither_checked_nor_probed_has_no_word_about_it() -> None:
    assert section_of() is None


def test_each_check_and_each_probe_has_a_row() -> None:
    section = section_of(
        KeptConnectivity("readiness-0001.json", check()),
        KeptConnectivity("probe-0001.json", probe()),
        KeptConnectivity(
            "readiness-0002.json",
            check(state="missing_credentials", required=(SoughtName("A", is_set=False), SoughtName("B", is_set=True))),
        ),
        KeptConnectivity("probe-0002.json", probe(attempt("unreachable", address=None, http_status=None))),
        KeptConnectivity("probe-0003.json", None),
    )
    assert section is not None
    readiness, probes, unread = section.tables
    at = "2026-03-02 10:15:30"
    assert readiness.rows == (
        ("readiness-0001", "configured", at, "small", NONE, NONE),
        ("readiness-0002", "missing_credentials", at, "small", "A", NONE),
    )
    assert probes.rows == (
        ("probe-0001", "ok", at, "http://127.0.0.1:18080", "1", "0", "200", "1.000", "1.000"),
        ("probe-0002", "unreachable", at, "http://127.0.0.1:18080", "1", "1", NONE, NONE, NONE),
    )
    assert unread.rows == (("probe-0003.json", "cannot be read"),)


def test_what_others_wrote_into_an_artifact_stays_text() -> None:
    report = replace(
        small_report(),
        connectivity=(
            KeptConnectivity(HOSTILE, probe(target=HOSTILE)),
            KeptConnectivity("readiness-0001.json", check(spec=HOSTILE, problems=(HOSTILE,))),
        ),
    )
    page = render_html(report)
    assert "<img src=https://evil.example" not in page
    assert "<script>alert" not in page
    assert plain(HOSTILE) in render_markdown(report)
