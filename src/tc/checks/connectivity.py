"""Whether what a connection needs is configured, by names alone, and what several attempts to connect come to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from tc.spec.connectivity_spec import ConnectivityReadinessSpec

ReadinessState = Literal["disabled", "configured", "missing_credentials", "invalid_config"]
ProbeState = Literal["ok", "http_error", "timeout", "unreachable", "tls_error", "unknown"]

READINESS_STATES: tuple[ReadinessState, ...] = ("disabled", "configured", "missing_credentials", "invalid_config")
PROBE_STATES: tuple[ProbeState, ...] = ("ok", "http_error", "timeout", "unreachable", "tls_error", "unknown")
"""From the best to the worst: several attempts come to the worst of theirs."""

_PLACES = Decimal("1e-6")


@dataclass(frozen=True, slots=True)
class Sought:
    """The name of an environment variable, and whether it is set to something."""

    name: str
    is_set: bool


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether everything is there that a spec names."""

    state: ReadinessState
    required: tuple[Sought, ...] = ()
    optional: tuple[Sought, ...] = ()


def readiness_of(block: ConnectivityReadinessSpec | None, *, is_valid: bool, names_set: Collection[str]) -> Readiness:
    """Judge a connectivity block by the names of the environment variables that are set and not blank.

    Parameters
    ----------
    block
        What the spec says; None where it says nothing, or something that is wrong.
    is_valid
        Whether nothing is wrong with what it says.
    names_set
        The names; their values play no part.

    """
    if not is_valid:
        return Readiness("invalid_config")
    if block is None or not block.enabled:
        return Readiness("disabled")
    required, optional = (tuple(Sought(name, name in names_set) for name in each) for each in (block.required, block.optional))
    is_ready = all(each.is_set for each in required)
    return Readiness("configured" if is_ready else "missing_credentials", required, optional)


def worst(states: Sequence[ProbeState]) -> ProbeState:
    """Return what several attempts come to; of none it is unknown."""
    return max(states, key=PROBE_STATES.index, default="unknown")


def percentile(values: Sequence[int], percent: int) -> int:
    """Return the smallest value that at least so many percent of all do not exceed (nearest rank); there is at least one."""
    ranked = sorted(values)
    return ranked[max(1, -(-len(ranked) * percent // 100)) - 1]


def loss_ratio(failed: int, attempts: int) -> str:
    """Return the part of the attempts that failed, as exact as six decimal places are."""
    ratio = (Decimal(failed) / Decimal(attempts)).quantize(_PLACES, rounding=ROUND_HALF_EVEN)
    return f"{ratio.normalize():f}"
