"""Claims about which runs may go."""

from hypothesis import given
from hypothesis import strategies as st

from tc.checks.retention import Candidate, RetentionPolicy, runs_to_prune

NONE = RetentionPolicy(keep=None, older_than_ns=None, max_bytes=None)


def run(name: str, created_ns: int, size: int = 10, keep_because: str = "") -> Candidate:
    return Candidate(name, created_ns, size, keep_because)


RUNS = [run("a", 100), run("c", 300), run("b", 200), run("d", 400)]


def pruned(policy: RetentionPolicy, candidates: list[Candidate] | None = None, now_ns: int = 500) -> list[str]:
    return [each.candidate.run_id for each in runs_to_prune(RUNS if candidates is None else candidates, policy, now_ns=now_ns)]


def test_no_limit_prunes_nothing() -> None:
    assert pruned(NONE) == []


def test_keep_leaves_the_newest() -> None:
    assert pruned(RetentionPolicy(2, None, None)) == ["b", "a"]
    assert pruned(RetentionPolicy(0, None, None)) == ["d", "c", "b", "a"]


def test_age_prunes_what_is_older_and_not_what_is_exactly_as_old() -> None:
    assert pruned(RetentionPolicy(None, 300, None)) == ["a"]


def test_size_lets_the_newest_stay_and_everything_go_that_is_older_than_the_first_too_many() -> None:
    candidates = [run("new", 3, size=10), run("big", 2, size=100), run("small", 1, size=1)]
    assert pruned(RetentionPolicy(None, None, 50), candidates) == ["big", "small"]


def test_a_protected_run_is_never_pruned_and_its_room_counts() -> None:
    candidates = [run("active", 1, size=45, keep_because="it is active"), run("new", 3, size=10), run("newer", 4, size=5)]
    assert pruned(RetentionPolicy(0, 0, 0), candidates) == ["newer", "new"]
    assert pruned(RetentionPolicy(None, None, 50), candidates) == ["new"]


def test_each_pruned_run_says_which_limit_it_exceeds() -> None:
    whys = [
        runs_to_prune(RUNS, policy, now_ns=500)[-1].because
        for policy in (RetentionPolicy(1, None, None), RetentionPolicy(None, 10, None), RetentionPolicy(None, None, 10))
    ]
    assert len(set(whys)) == 3


LIMIT = st.none() | st.integers(0, 60)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20), st.booleans()), max_size=8), LIMIT, LIMIT, LIMIT)
def test_pruning_is_a_cut_by_age_that_respects_every_limit(
    drawn: list[tuple[int, int, bool]], keep: int | None, older: int | None, size: int | None
) -> None:
    candidates = [run(f"r{index}", at, room, "active" if held else "") for index, (at, room, held) in enumerate(drawn)]
    gone = {each.candidate.run_id for each in runs_to_prune(candidates, RetentionPolicy(keep, older, size), now_ns=50)}
    free = sorted((each for each in candidates if not each.keep_because), key=lambda each: (each.created_ns, each.run_id))
    assert [each.run_id for each in free[: len(gone)]] == [each.run_id for each in free if each.run_id in gone]
    stay = [each for each in candidates if each.run_id not in gone]
    if keep is not None:
        assert sum(not each.keep_because for each in stay) <= keep
    if size is not None and any(not each.keep_because for each in stay):
        assert sum(each.size_bytes for each in stay) <= size
