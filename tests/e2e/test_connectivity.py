"""`tc connectivity probe` as a process of its own, against the real loopback venue: alive, frozen and gone."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from run_specs import SMOKE
from venue_process import API_KEY, API_SECRET, venue_process

pytestmark = pytest.mark.e2e

TC = Path(sys.executable).with_name("tc")
BLOCK = "connectivity_readiness: {venue: BINANCE, required: [TC_VENUE_API_KEY, TC_VENUE_API_SECRET]}\n"


def test_a_venue_that_is_alive_frozen_and_gone_is_told_apart_and_no_key_leaves_the_environment(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SMOKE + BLOCK, encoding="utf-8")
    words: list[str] = []

    def tc(*arguments: str) -> dict[str, Any]:
        environment = os.environ | {
            "TC_VENUE_API_KEY": API_KEY,
            "TC_VENUE_API_SECRET": API_SECRET,
            "http_proxy": "http://10.0.0.1:1",
        }
        options = ("--spec", "spec.yaml", "--artifacts-root", "artifacts", "--json")
        done = subprocess.run(
            [TC, "connectivity", *arguments, *options], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        words.append(done.stdout + done.stderr)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    assert tc("readiness")["state"] == "configured"
    with venue_process() as venue:
        alive = tc("probe", "--url", f"{venue.url}/fapi/v1/ping", "--count", "20", "--interval", "0.01")
        asked = tc("probe", "--url", f"{venue.url}/fapi/v2/account")
        streamed = tc("probe", "--url", f"{venue.websocket_url}/ws/btcusdt@bookTicker")
        os.kill(venue.process.pid, signal.SIGSTOP)
        try:
            frozen = tc("probe", "--url", f"{venue.url}/fapi/v1/ping", "--timeout-ms", "200")
            connected = tc("probe", "--url", venue.url.replace("http", "tcp"))
        finally:
            os.kill(venue.process.pid, signal.SIGCONT)
    gone = tc("probe", "--url", venue.url)
    assert (alive["state"], alive["http_status"], alive["failed"], alive["loss_ratio"]) == ("ok", 200, 0, "0")
    assert 0 < alive["latency_ns"]["first_byte"]["p50"] <= alive["latency_ns"]["total"]["p99"]
    assert (asked["state"], asked["http_status"]) == ("http_error", 401)  # It has no key: nothing was signed for it.
    assert (streamed["state"], streamed["http_status"]) == ("ok", 101)
    assert (frozen["state"], connected["state"], gone["state"]) == ("timeout", "ok", "unreachable")
    files = [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]
    assert len(files) == len(words) == 7
    for secret in (API_KEY, API_SECRET):
        assert [word for word in (*words, *(path.read_text() for path in files)) if secret in word] == []
