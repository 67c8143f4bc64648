"""The check that the venue trades what the instrument document says."""

from typing import Any

from nautilus_trader.model.identifiers import InstrumentId

from tc.engines.nautilus.instruments import nautilus_instrument
from tc.errors import EngineError
from tc.spec.instrument import InstrumentSpec

_FIELDS = ("price_precision", "size_precision", "price_increment", "size_increment", "multiplier", "is_inverse")


def check_instrument(cache: Any, stated: InstrumentSpec) -> None:  # noqa: ANN401 - Nautilus's cache
    """Refuse to trade, with EngineError, where the venue's instrument differs from the document that limits are computed with."""
    found = cache.instrument(InstrumentId.from_str(stated.id))
    if found is None:
        raise EngineError(f"the venue does not trade {stated.id}", hint="Name an instrument that the venue lists.")
    expected = nautilus_instrument(stated, None)
    differing = [name for name in _FIELDS if getattr(found, name) != getattr(expected, name)]
    if differing:
        name = differing[0]
        theirs, ours = getattr(found, name), getattr(expected, name)
        raise EngineError(
            f"the venue's {stated.id} has {name} {theirs}, but the instrument document says {ours}",
            hint="Correct the instrument document: what is risked is computed with it.",
        )
