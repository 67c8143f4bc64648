"""R90: the same market data and the same requests give the same feedback, in any process and under any hash seed."""

import subprocess
import sys
from pathlib import Path

import venue_turns

PROGRAM = """
from matching_samples import RULES, SYMBOL
from venue_turns import BALANCES, take_turn
from tc.venue.matching import Exchange
exchange, facts = Exchange({SYMBOL: RULES}, BALANCES), []
for turn in range(400):
    take_turn(exchange, turn, facts)
print(len(facts), facts, exchange.account())
"""


def test_R90_the_same_calls_give_the_same_facts_and_ids_under_any_hash_seed() -> None:
    answers = [_told_under(seed) for seed in ("0", "1", "4242")]
    assert int(answers[0].split()[0]) > 1000
    assert answers[0] == answers[1] == answers[2]


def _told_under(hash_seed: str) -> str:
    environment = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(venue_turns.__file__).parent)}
    return subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True).stdout
