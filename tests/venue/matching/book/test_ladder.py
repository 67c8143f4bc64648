"""One side of the visible book against the simplest thing that could be right: a dictionary that is sorted each time."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tc.venue.matching import Side
from tc.venue.matching.book.ladder import Ladder

PRICES = st.integers(1, 12).map(Decimal)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["tell", "drop better", "drop crossed", "consume"]), PRICES, st.integers(0, 3).map(Decimal)),
    max_size=40,
)


@given(st.sampled_from(Side), CHANGES)
def test_a_ladder_is_a_sorted_dictionary(side: Side, changes: list[tuple[str, Decimal, Decimal]]) -> None:
    ladder, model = Ladder(side), {}
    for what, price, size in changes:
        match what:
            case "tell":
                ladder.tell(price, size)
                model.pop(price, None)
                model |= {price: size} if size else {}
            case "drop better":
                gone = [level for level in model if (level - price) * side.sign > 0]
                assert ladder.drop_better(price) == bool(gone)
                model = {level: model[level] for level in model if level not in gone}
            case "drop crossed":
                gone = [level for level in model if (level - price) * side.sign >= 0]
                assert ladder.drop_crossed(price) == bool(gone)
                model = {level: model[level] for level in model if level not in gone}
            case "consume" if model:
                best = max(model, key=lambda level: level * side.sign)
                ladder.consume_best(size)
                model[best] -= size
                model = {level: left for level, left in model.items() if left > 0}
        levels = sorted(model.items(), key=lambda level: -level[0] * side.sign)
        assert list(ladder.levels()) == levels
        assert (ladder.best(), ladder.best_size()) == (levels[0] if levels else (None, 0))
        assert ladder.size_at(price) == model.get(price, 0)
        assert ladder.meets(price) == any((level - price) * side.sign >= 0 for level in model)


@given(
    st.sampled_from(Side),
    st.lists(st.tuples(PRICES, st.integers(1, 5).map(Decimal)), max_size=12),
    PRICES,
    st.integers(1, 30).map(Decimal),
)
def test_what_is_offered_is_counted_as_far_as_it_is_wanted(
    side: Side, levels: list[tuple[Decimal, Decimal]], limit: Decimal, wanted: Decimal
) -> None:
    ladder = Ladder(side)
    for price, size in levels:
        ladder.tell(price, size)
    within = sum(size for price, size in dict(levels).items() if (price - limit) * side.sign >= 0)
    assert min(ladder.offered_up_to(limit, wanted), wanted) == min(within, wanted)
    assert min(ladder.offered_up_to(None, wanted), wanted) == min(sum(dict(levels).values()), wanted)
