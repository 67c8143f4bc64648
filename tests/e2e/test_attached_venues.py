"""Where a node sends its orders decides what may be done to it: judged as it is built, before anything connects."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from venue_process import venue_environment

pytestmark = pytest.mark.e2e

PROGRAM = Path(__file__).resolve().parents[1] / "attached_cases.py"
FULL = {"slots", "this machine", "this machine by name", "this machine, gated", "testnet", "the venue that is stated"}
WATCHED = {
    "live": "neither this machine nor a listed testnet",
    "live, as if it were a testnet": "neither this machine nor a listed testnet",
    "testnet, not said": "does not say environment: testnet",
    "testnet, not meant": "without your consent",
    "a name like ours": "neither this machine nor a listed testnet",
    "a number": "neither this machine nor a listed testnet",
    "a user": "not written as scheme://host:port",
    "a mapped address": "not written as scheme://host:port",
    "another stream": "'fstream.binance.com'",
    "another api": "'ws-fapi.binance.com'",
    "half on a testnet": "to this machine and to a testnet",
    "a proxy": "goes through a proxy",
    "coins": "expected USDT_FUTURES",
    "two clients": "2 execution clients",
    "a stranger": "Derived is not NautilusTrader's client",
    "other requests": "more than one HTTP client",
}
REFUSED = {
    "slots, gated": (4, "cannot stand behind a gate"),
    "live, gated": (3, "this node can only be watched"),
    "not built": (2, "a node that is not built"),
    "attached twice": (2, "attached to already"),
    "disposed": (2, "has run"),
    "no node": (2, "given a object"),
    "a paper spec": (2, "mode: value 'paper'"),
    "a number as run id": (2, "run_id 5"),
    "a file as runtime root": (6, "Not a directory"),
    "a file as artifacts root": (6, "Not a directory"),
    "another venue than stated": (3, "http://127.0.0.1:2"),
    "no keys": (2, "NOBODY_SET_THIS"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return what came of each case; no node of them is ever started."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(tmp_path_factory.mktemp("cases"))],
        env=venue_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {each["case"]: each for each in lines}


def test_every_case_is_one_of_three(said: dict[str, dict[str, Any]]) -> None:
    assert set(said) == FULL | set(WATCHED) | set(REFUSED)


@pytest.mark.parametrize("case", sorted(FULL))
def test_a_node_on_this_machine_or_a_consented_testnet_may_be_controlled(said: dict[str, dict[str, Any]], case: str) -> None:
    assert (said[case]["code"], said[case]["watched_only"]) == (0, "")
    document = json.loads(said[case]["document"])
    assert document["venue_url"] == ("https://demo-fapi.binance.com" if case == "testnet" else "http://127.0.0.1:1")
    assert (document["api_key_env"], document["api_secret_env"]) == ("TC_VENUE_API_KEY", "TC_VENUE_API_SECRET")


@pytest.mark.parametrize("case", sorted(WATCHED))
def test_any_other_node_is_only_watched_and_says_why(said: dict[str, dict[str, Any]], case: str) -> None:
    assert said[case]["code"] == 0
    assert WATCHED[case] in said[case]["watched_only"]
    document = json.loads(said[case]["document"])
    assert not {"venue_url", "api_key_env", "api_secret_env"} & {key for key, value in document.items() if value}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_cannot_be_attached_to_is_refused_and_leaves_nothing(said: dict[str, dict[str, Any]], case: str) -> None:
    code, words = REFUSED[case]
    assert said[case]["code"] == code
    assert words in said[case]["refused"]
    assert "--artifacts-root" not in said[case]["hint"]
    assert "--runtime-root" not in said[case]["hint"]


def test_who_gives_a_paper_spec_is_told_how_to_write_an_attached_one(said: dict[str, dict[str, Any]]) -> None:
    assert "`tc spec init --attached`" in said["a paper spec"]["hint"]


def test_a_node_that_never_ran_leaves_a_sealed_run(said: dict[str, dict[str, Any]]) -> None:
    run = Path(said["live"]["run"])
    assert (run / "seal.json").is_file()
    metadata = json.loads((run / "metadata.json").read_text())
    assert (metadata["status"], metadata["reason"]) == ("stopped", "the process ended, and its node was never stopped")
    assert not (run.parent.parent.parent / "runtime" / "nodes" / f"{run.name}.json").exists()
    refused = {path.name for path in run.parent.iterdir()} - {Path(each["run"]).name for each in said.values() if "run" in each}
    assert refused == {"first-of-two"}
