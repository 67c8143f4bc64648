"""What `tc run` says of the venue when a node ended without having done all that it should."""

import pytest

from tc.cli.paper import left_words
from tc.flows.paper.supervise import Supervised


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (Supervised(is_settled=True), "nothing: it was taken care of from outside"),
        (Supervised(is_settled=True, settled=("order O-1", "X 0.5")), "order O-1; X 0.5"),
        (Supervised(), "whatever the node left: nothing was done about it from outside"),
        (Supervised(settled=("nobody listens",), is_nobody_there=True), "nobody listens"),
    ],
)
def test_only_what_was_taken_care_of_is_said_to_be_gone(seen: Supervised, words: str) -> None:
    assert left_words(seen) == words
