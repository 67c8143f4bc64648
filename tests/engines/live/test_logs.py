"""The node's log files: Nautilus's own logger, as the node's configuration sets it up, with files that are soon full."""

import json
import subprocess
import sys
from pathlib import Path

from venue_process import venue_environment

MOST_BYTES, MOST_BACKUPS, A_LINE = 4_000, 2, 200

LOGS = """
import sys
import time
from pathlib import Path
from msgspec.structs import replace
from nautilus_trader.common.component import Logger, flush_logger
from nautilus_trader.live.node import TradingNode
from tc.engines.nautilus.live.configuration import node_config
from tc.ports import PaperRequest
from tc.spec.library import load_instrument
from tc.spec.parse import parse_run_spec
from tc.spec.venue_url import judge
from tc.store.tape import CountedTape

folder, most_bytes, most_backups = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
spec = parse_run_spec(Path("specs/btcusdt_paper.yaml").read_text(), source="paper.yaml")
request = PaperRequest(
    spec=spec, instrument=load_instrument(spec.instrument, search=()), spec_folder=folder, venue_url=judge("http://127.0.0.1:1"),
    run_id="logs-1", logs=folder / "logs", runtime_root=folder, tape=CountedTape("tape"), own_line=None,
)
config = node_config(request)
assert config.logging.log_file_max_size > 2**20 and config.logging.log_file_max_backup_count > 1
soon = replace(config.logging, log_file_max_size=most_bytes, log_file_max_backup_count=most_backups)
node = TradingNode(config=replace(config, logging=soon))
log = Logger("Subject")
for number in range(400):
    log.info(f"line {number}")
    log.debug("of no interest")
    if number % 20 == 0:
        time.sleep(0.003)  # A file is named by the millisecond of its beginning.
node.dispose()
flush_logger()
"""


def test_log_files_are_rotated_and_the_oldest_go_so_that_they_stay_within_their_bounds(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", LOGS, str(tmp_path), str(MOST_BYTES), str(MOST_BACKUPS)]
    done = subprocess.run(arguments, env=venue_environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    files = sorted((tmp_path / "logs").iterdir())
    assert len(files) == MOST_BACKUPS + 1
    assert all(each.stat().st_size <= MOST_BYTES + A_LINE for each in files)
    lines = [json.loads(line) for each in files for line in each.read_text().splitlines()]
    kept = [int(each["message"].removeprefix("line ")) for each in lines if each["component"] == "Subject"]
    assert kept == list(range(kept[0], 400))
    assert kept[0] > 0
    assert "line 399" not in done.stdout + done.stderr
