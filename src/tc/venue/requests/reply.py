"""What a request comes to: the document that it is answered with, and what it changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tc.venue.matching import Fact
from tc.venue.protocol.params import Params
from tc.venue.venue import Venue


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and the facts that are told once they are kept."""

    document: object
    facts: Sequence[Fact] = ()


type Handler = Callable[[Venue, Params, int], Reply]
"""Takes the venue, the parameters and the time in nanoseconds."""
