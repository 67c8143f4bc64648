"""Packaged risk profiles: named sets of limits, each a document, and what they make of a RunSpec's risk block."""

from functools import cache
from pathlib import Path
from typing import Annotated

from msgspec import UNSET, Meta, Struct

from tc.errors import DocumentError
from tc.spec.gate_spec import LIMITS, RiskSpec
from tc.spec.grammar import CurrencyCode
from tc.spec.reading.compose import compose_file
from tc.spec.reading.problem import document_error
from tc.spec.reading.reader import Reading, read_struct

PACKAGED = Path(__file__).parent / "profiles"


class Profile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Limits that have a name, and the currencies that its values are meant in."""

    quote_currencies: Annotated[tuple[CurrencyCode, ...], Meta(min_length=1)]
    limits: RiskSpec


def read_profile(path: Path) -> Profile:
    """Return the profile in a file; raises DocumentError when it has problems, or when a limit is not stated."""
    reading = Reading()
    profile = read_struct(compose_file(path, problems=reading.problems), Profile, reading)
    if profile is None or reading.problems.found:
        raise document_error(reading.problems.in_order())
    _require_complete(profile.limits, str(path))
    return profile


@cache
def packaged_profile(name: str) -> Profile:
    """Return the packaged profile of a name."""
    return read_profile(PACKAGED / f"{name}.yaml")


def written_out(risk: RiskSpec) -> RiskSpec:
    """Return the limits with the profile replaced by what it says: a later change of the profile does not change them.

    Raises DocumentError when a limit is stated neither here nor by a profile.
    """
    if risk.profile is not None:
        named = packaged_profile(risk.profile).limits
        values = {name: getattr(risk if getattr(risk, name) is not UNSET else named, name) for name in LIMITS}
        return RiskSpec(profile=None, **values)
    _require_complete(risk, "risk")
    return risk


def unsuited_limits(risk: RiskSpec, quote_currency: str) -> tuple[str, ...]:
    """Return the limits that a profile states in other currencies than the instrument is quoted in."""
    if risk.profile is None or quote_currency in packaged_profile(risk.profile).quote_currencies:
        return ()
    return tuple(name for name in ("max_order_notional", "max_gross_exposure") if getattr(risk, name) is UNSET)


def _require_complete(limits: RiskSpec, where: str) -> None:
    missing = [name for name in LIMITS if getattr(limits, name) is UNSET]
    if missing:
        raise DocumentError(f"{where}: every limit is written, null for one that is knowingly off; missing: {', '.join(missing)}")
