"""What is done again and again is done as often as it has an effect, and no more once it is ended."""

import threading

from tc.errors import UnreachableError
from tc.faults.rounds import Rounds


def test_a_round_without_effect_or_without_an_answer_does_not_count() -> None:
    turns, done = iter(["nobody", "dead", "bitten", "bitten", "too much"]), threading.Event()
    taken: list[str] = []

    def once() -> bool:
        taken.append(next(turns))
        if taken[-1] == "dead":
            raise UnreachableError("the venue does not answer")
        if taken.count("bitten") == 2:
            done.set()
        return taken[-1] == "bitten"

    rounds = Rounds(once, count=2, every_s=0)
    rounds.start(after_s=0)
    assert done.wait(5)
    rounds.end()
    assert taken == ["nobody", "dead", "bitten", "bitten"]


def test_ending_does_not_wait_for_the_next_round() -> None:
    taken: list[int] = []
    rounds = Rounds(lambda: taken.append(1) is None, count=2, every_s=60)
    rounds.start(after_s=60)
    rounds.end()
    assert not rounds._thread.is_alive()
    assert taken == []
