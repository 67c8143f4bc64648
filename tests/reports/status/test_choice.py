from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from status_samples import fleet, in_trouble, live
from tc.reports.status.choice import ANY, PER_PAGE, Choice, choose, counted

RUNS = fleet(120)


def test_all_runs_are_shown_page_by_page_in_their_order() -> None:
    first, second, last = (choose(RUNS, Choice(page=page)) for page in (1, 2, 3))
    assert [*first.runs, *second.runs, *last.runs] == RUNS
    assert (first.total, first.page, first.pages, first.first) == (120, 1, 3, 1)
    assert (last.first, len(last.runs)) == (2 * PER_PAGE + 1, 20)


def test_a_page_beyond_the_last_is_the_last() -> None:
    assert choose(RUNS, Choice(page=999)) == choose(RUNS, Choice(page=3))
    nothing = choose([], Choice(page=2))
    assert (nothing.total, nothing.page, nothing.pages, nothing.first, nothing.runs) == (0, 1, 1, 0, ())


@pytest.mark.parametrize(
    "choice",
    [
        Choice(state="failed"),
        Choice(mode="paper"),
        Choice(text="EMA"),
        Choice(text="momentum-20261121T000009"),
        Choice(attention=ANY),
        Choice(attention="TcRunCrashed"),
        Choice(state="crashed", mode="paper", text="btc", attention="TcRunCrashed"),
    ],
)
def test_a_choice_takes_some_runs_and_leaves_the_others(choice: Choice) -> None:
    taken = [run for run in RUNS if choice.takes(run)]
    assert 0 < len(taken) < len(RUNS)
    assert choose(RUNS, choice).total == len(taken)
    for run in taken:
        assert choice.state in {"", run.state}
        assert choice.mode in {"", run.mode}
        assert not choice.attention or run.attention


def test_an_alert_takes_the_runs_that_have_it() -> None:
    assert Choice(attention="TcEventLoopLag").takes(in_trouble())
    assert not Choice(attention="TcJournalBroken").takes(in_trouble())
    assert not Choice(attention=ANY).takes(live())


def test_counts_say_what_another_value_would_give() -> None:
    choice = Choice(state="failed", mode="paper")
    states = counted(RUNS, choice, "state")
    assert states == {state: choose(RUNS, replace(choice, state=state)).total for state in states}
    assert counted(RUNS, choice, "mode")["backtest"] == choose(RUNS, replace(choice, mode="backtest")).total


@pytest.mark.parametrize(
    "query",
    [
        {"page": "x"},
        {"page": "-3"},
        {"page": "0"},
        {"page": "9" * 50},
        {"page": "\u0663"},
        {"other": "1"},
        {"state": "", "q": "  "},
    ],
)
def test_a_query_that_asks_for_nothing_sensible_asks_for_everything(query: dict[str, str]) -> None:
    assert Choice.of(query) == Choice()
    assert Choice.of(query).is_all


def test_an_endless_word_is_cut() -> None:
    assert Choice.of({"q": "x" * 5_000}).text == "x" * 100


words = st.text(max_size=100)
choices = st.builds(Choice, state=words, mode=words, text=words.map(str.strip), attention=words, page=st.integers(1, 999_999))


@given(choices)
def test_an_address_asks_for_what_it_was_made_of(choice: Choice) -> None:
    query = dict(parse_qsl(urlsplit(choice.where(page=choice.page)).query, strict_parsing=False))
    assert Choice.of(query) == choice
    assert choice.where() == replace(choice, page=1).where(page=1)


def test_everything_has_the_shortest_address() -> None:
    assert Choice().where() == "/"
    assert Choice(state="failed", page=4).where(mode="paper") == "/?state=failed&mode=paper"


def test_half_a_character_is_replaced() -> None:
    assert Choice.of({"q": "a\udc80"}).where() == "/?q=a%3F"
