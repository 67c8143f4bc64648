"""A page of a history is what a walk over the whole of it would give."""

from hypothesis import given
from hypothesis import strategies as some

from tc.venue.matching.state.timeline import Page, Timeline

STAMPS = some.lists(some.integers(0, 9), max_size=30)
PAGES = some.builds(
    Page,
    most=some.integers(1, 12),
    first_id=some.none() | some.integers(0, 35),
    start_ns=some.integers(0, 9),
    end_ns=some.integers(0, 11),
    skipped=some.integers(0, 5),
)


def walked(known: dict[int, int], page: Page) -> list[int]:
    inside = [number for number, at_ns in sorted(known.items()) if page.start_ns <= at_ns < page.end_ns]
    if page.first_id is not None:
        return [number for number in inside if number >= page.first_id][: page.most]
    latest = sorted(inside, key=lambda number: (known[number], number))
    return sorted(latest[: len(latest) - page.skipped][-page.most :] if page.skipped < len(latest) else [])


@given(STAMPS, some.sets(some.integers(1, 30)), PAGES)
def test_a_page_is_what_a_walk_over_everything_gives(stamps: list[int], lost: set[int], page: Page) -> None:
    timeline, known = Timeline(), dict(enumerate(stamps, 1))
    for number, at_ns in known.items():
        timeline.add(number, at_ns)
    for number in lost & known.keys():
        timeline.remove(number, known.pop(number))
    assert timeline.page(page) == walked(known, page)
