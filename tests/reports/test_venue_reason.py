import pytest

from tc.reports.venue_reason import venue_reason


def test_what_a_venue_said_is_shown_as_its_code_and_its_message() -> None:
    assert (
        venue_reason("{'code': -5022, 'msg': 'Post Only order will be rejected.'}") == "-5022: Post Only order will be rejected."
    )


@pytest.mark.parametrize("text", ["too fast", "", "{'code': -1", "{}", "{'code': 1}", "{[]: 1}", "{" * 5000])
def test_any_other_reason_is_shown_as_it_is(text: str) -> None:
    assert venue_reason(text) == text
