"""`tc connectivity`: what a person types, sees and gets as exit code; what a machine reads; and what nobody ever sees."""

import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands import Answer
from fakes import make_run, whole_configuration
from probed_servers import OK, Served, answering, serving
from run_specs import SMOKE
from tc.checks.connectivity import PROBE_STATES, READINESS_STATES
from tc.cli import connectivity
from tc.store.facts import ReadinessChecked, VenueProbed
from tc.store.layout import RunDirectory
from tc.store.ops import read_facts

Tc = Callable[..., Answer]

SECRET = "canary-5c1f0e9a7d"  # noqa: S105 - what must be found nowhere
BLOCK = "connectivity_readiness: {venue: BINANCE, required: [TC_TEST_KEY, TC_TEST_SECRET], optional: [TC_TEST_OTHER]}\n"
NAMES = ("TC_TEST_KEY", "TC_TEST_SECRET", "TC_TEST_OTHER")


@pytest.fixture
def tc(command: Tc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tc:
    """Return what runs `tc connectivity …` in a folder with a spec, without the variables that it names."""
    (tmp_path / "spec.yaml").write_text(SMOKE + BLOCK, encoding="utf-8")
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments: command("connectivity", *arguments)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    """Return a sealed run whose spec names what it needs."""
    return make_run(
        tmp_path / "artifacts",
        "first",
        configuration=whole_configuration(),
        before_seal=lambda run: _with_spec(run, SMOKE + BLOCK),
    )


def _with_spec(run: RunDirectory, text: str) -> None:
    run.spec.write_text(text, encoding="utf-8")


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(answering(OK)) as served:
        yield served


def test_readiness_tells_names_and_whether_they_are_set_and_exits_0_whatever_it_is(
    tc: Tc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TC_TEST_KEY", SECRET)
    monkeypatch.setenv("TC_TEST_SECRET", "  ")
    answer = tc("readiness", "--spec", "spec.yaml")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "spec     smoke",
        "venue    BINANCE",
        "state    missing_credentials",
        "kept as  artifacts/connectivity/readiness-0001.json",
        "",
        "environment variable            is",
        "TC_TEST_KEY           required  set",
        "TC_TEST_SECRET        required  not set",
        "TC_TEST_OTHER         optional  not set",
    ]


def test_readiness_is_kept_as_it_is_told(tc: Tc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TC_TEST_KEY", SECRET)
    monkeypatch.setenv("TC_TEST_SECRET", SECRET)
    document = tc("readiness", "--spec", "spec.yaml", "--json").json("connectivity-readiness")
    kept = json.loads((tmp_path / str(document.pop("artifact"))).read_bytes())
    assert document == kept
    assert (document["state"], document["run"], document["spec"]) == ("configured", None, "smoke")


@pytest.mark.parametrize(
    ("block", "state"),
    [
        ("", "disabled"),
        ("connectivity_readiness: null\n", "disabled"),
        ("connectivity_readiness: {venue: BINANCE, required: [TC_TEST_KEY], enabled: false}\n", "disabled"),
        ("connectivity_readiness: {venue: BINANCE}\n", "configured"),
        (BLOCK, "missing_credentials"),
        ("connectivity_readiness: {venue: BYBIT}\n", "invalid_config"),
        ("connectivity_readiness: {venue: BINANCE, required: [not-a-name]}\n", "invalid_config"),
    ],
)
def test_each_state_is_exit_1_only_where_it_is_named(tc: Tc, tmp_path: Path, block: str, state: str) -> None:
    (tmp_path / "spec.yaml").write_text(SMOKE + block, encoding="utf-8")
    states = ["disabled", "configured", "missing_credentials", "invalid_config"]
    others = [word for each in states if each != state for word in ("--fail-on", each)]
    assert tc("readiness", "--spec", "spec.yaml", "--json", *others).json("connectivity-readiness")["state"] == state
    assert tc("readiness", "--spec", "spec.yaml", *others).code == 0
    assert tc("readiness", "--spec", "spec.yaml", "--fail-on", state).code == 1


def test_the_states_that_fail_on_takes_are_all_there_are() -> None:
    assert connectivity._READINESS_STATES == READINESS_STATES
    assert connectivity._PROBE_STATES == PROBE_STATES


def test_a_document_that_is_wrong_elsewhere_a_state_that_is_none_and_no_spec_are_bad_usage(tc: Tc, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("name: x\n", encoding="utf-8")
    wrong = tc("readiness", "--spec", "wrong.yaml")
    assert (wrong.code, wrong.out, "spec_version: missing" in wrong.err) == (2, "", True)
    for command in (("readiness",), ("probe", "--url", "http://127.0.0.1:1")):
        state = tc(*command, "--spec", "spec.yaml", "--fail-on", "bad")
        assert (state.code, "'bad' is no state" in state.err) == (2, True)
        none = tc(*command)
        assert (none.code, "there is no spec" in none.err) == (2, True)
    assert not (tmp_path / "artifacts").exists()


def test_a_probe_tells_what_answered_and_how_fast(tc: Tc, served: Served) -> None:
    answer = tc("probe", "--spec", "spec.yaml", "--url", served.url(path="/secret/path"), "--count", "3", "--interval", "0.001")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[:4] == [
        f"target       http://127.0.0.1:{served.port}",
        "state        ok",
        "attempts     3, of which 0 failed",
        "http status  200",
    ]
    assert lines[5] == "kept as      artifacts/connectivity/probe-0001.json"
    assert lines[7].split() == ["ms", "min", "p50", "p90", "p99", "max"]
    assert [line.split()[0] for line in lines[8:]] == ["connect", "first_byte", "total"]
    assert served.connections == 3


def test_a_probe_is_kept_as_it_is_told_without_the_path_that_was_asked_for(tc: Tc, tmp_path: Path, served: Served) -> None:
    answer = tc("probe", "--spec", "spec.yaml", "--url", served.url(path="/secret-path"), "--timeout-ms", "4000", "--json")
    document = answer.json("connectivity-probe")
    data = (tmp_path / document.pop("artifact")).read_bytes()
    assert document == json.loads(data)
    assert (document["target"], document["timeout_ms"], document["interval_ms"]) == (served.url(), 4000, 1000)
    assert b"secret" not in data
    assert b"secret" in served.requests[0]


def test_a_failed_probe_is_exit_1_only_where_its_state_is_named(tc: Tc) -> None:
    with serving(answering(b"HTTP/1.1 503 x\r\n\r\n")) as served:
        words = ("probe", "--spec", "spec.yaml", "--url", served.url())
        assert tc(*words, "--fail-on", "timeout", "--fail-on", "ok").code == 0
        answer = tc(*words, "--fail-on", "timeout", "--fail-on", "http_error")
    assert answer.code == 1
    assert "attempt 1: http_error: it answered with the HTTP status 503" in answer.out


def test_many_failures_are_not_all_listed(tc: Tc) -> None:
    with serving(answering(b"HTTP/1.1 503 x\r\n\r\n")) as served:
        answer = tc("probe", "--spec", "spec.yaml", "--url", served.url(), "--count", "22", "--interval", "0.001")
    assert answer.out.count("attempt ") == 20
    assert answer.out.endswith("and 2 more; --json lists all\n")


@pytest.mark.parametrize(
    "url", ["http://example.com", "http://10.0.0.1", "http://user:hidden@127.0.0.1", "http://0x7f.1", "http://localhost.", "x"]
)
def test_a_target_that_is_not_this_machine_is_refused_and_nothing_is_kept(tc: Tc, tmp_path: Path, url: str) -> None:
    answer = tc("probe", "--spec", "spec.yaml", "--url", url)
    assert (answer.code, answer.out) == (3, "")
    assert "is not probed" in answer.err
    assert "hidden" not in answer.err
    assert not (tmp_path / "artifacts").exists()


def test_an_external_target_is_asked_where_it_is_allowed(tc: Tc, served: Served) -> None:
    """The address is one of this machine in another spelling: nothing leaves it."""
    url = served.url(host="[::ffff:127.0.0.1]")
    assert tc("probe", "--spec", "spec.yaml", "--url", url).code == 3
    document = tc("probe", "--spec", "spec.yaml", "--url", url, "--allow-external", "--json").json("connectivity-probe")
    assert (document["is_external"], document["state"], served.connections) == (True, "ok", 1)


def test_with_a_run_both_are_kept_there_as_facts_that_verify_and_the_report_shows_them(
    tc: Tc, command: Tc, run: RunDirectory, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TC_TEST_KEY", SECRET)
    readiness = tc("readiness", "--run", "fir", "--json").json("connectivity-readiness")
    probe = tc("probe", "--run", "first", "--url", served.url(), "--json").json("connectivity-probe")
    assert (readiness["run"], readiness["artifact"]) == ("first", "artifacts/runs/first/ops/readiness-0001.json")
    assert (probe["run"], probe["artifact"]) == ("first", "artifacts/runs/first/ops/probe-0001.json")
    checked, probed = read_facts(run)
    assert isinstance(checked, ReadinessChecked)
    assert (checked.state, checked.spec, checked.at_ns) == ("missing_credentials", "smoke", readiness["at_ns"])
    assert isinstance(probed, VenueProbed)
    assert (probed.state, probed.target, probed.attempts, probed.failed) == ("ok", served.url(), 1, 0)
    assert [each.name for fact in (checked, probed) for each in fact.artifacts] == ["readiness-0001.json", "probe-0001.json"]
    verified = command("runs", "verify", "first", "--json").json("runs-verify")
    assert verified["findings"] == []
    report = command("runs", "report", "first")
    assert report.code == 0, report.err
    assert "## Connectivity" in report.out
    assert "TC\\_TEST\\_SECRET" in report.out or "TC_TEST_SECRET" in report.out


def test_a_report_says_of_an_artifact_that_is_gone_that_it_cannot_be_read(tc: Tc, command: Tc, run: RunDirectory) -> None:
    assert tc("readiness", "--run", "first").code == 0
    (run.ops_folder / "readiness-0001.json").unlink()
    report = command("runs", "report", "first")
    assert report.code == 0, report.err
    assert "cannot be read" in report.out[report.out.index("## Connectivity") :]


def test_no_value_of_a_variable_is_in_any_artifact_or_on_any_screen(
    tc: Tc, command: Tc, run: RunDirectory, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, SECRET)
    wrong = f"connectivity_readiness: {{venue: BINANCE, required: ['{SECRET}', {{A: '{SECRET}'}}], optional: '{SECRET}'}}\n"
    (tmp_path / "elsewhere.yaml").write_text(SMOKE + wrong, encoding="utf-8")
    answers = [
        tc("readiness", "--spec", "spec.yaml"),
        tc("readiness", "--spec", "spec.yaml", "--json"),
        tc("readiness", "--spec", "elsewhere.yaml"),
        tc("readiness", "--spec", "elsewhere.yaml", "--json", "--run", "first"),
        tc("readiness", "--run", "first"),
        tc("probe", "--run", "first", "--url", served.url(), "--json"),
        tc("probe", "--spec", "spec.yaml", "--url", f"http://{SECRET}:{SECRET}@127.0.0.1:{served.port}/{SECRET}"),
        tc("probe", "--spec", "spec.yaml", "--url", f"{served.url()}/?signature={SECRET}"),
        tc("probe", "--spec", "elsewhere.yaml", "--url", served.url()),
        command("spec", "validate", "elsewhere.yaml"),
        command("spec", "validate", "elsewhere.yaml", "--json"),
        command("runs", "verify", "first"),
        command("runs", "report", "first"),
        command("runs", "report", "first", "--html"),
        command("runs", "show", "first", "--json"),
        command("runs", "export", "first", "-o", "first.tar.gz"),
    ]
    assert [each.code for each in answers] == [0, 0, 0, 0, 0, 0, 3, 3, 0, 2, 2, 0, 0, 0, 0, 0], [each.err for each in answers]
    assert [number for number, each in enumerate(answers) if SECRET in each.out + each.err] == []
    (tmp_path / "elsewhere.yaml").unlink()
    with tarfile.open(tmp_path / "first.tar.gz") as archive:
        archive.extractall(tmp_path / "exported", filter="data")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"readiness-0001.json", "readiness-0002.json", "probe-0001.json", "ops.jsonl"} <= {path.name for path in files}
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    assert [request for request in served.requests if SECRET.encode() in request] == []
