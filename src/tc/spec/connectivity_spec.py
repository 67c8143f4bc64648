"""The part of a RunSpec that says what must be in the environment to connect to its venue: names, never values."""

from typing import Annotated

from msgspec import Meta, Struct

from tc.spec.grammar import EnvironmentName, VenueName

_UNIQUE = {"uniqueItems": True}


class ConnectivityReadinessSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `tc connectivity readiness` looks for: environment variables by their names. No value is ever stored or shown."""

    venue: Annotated[
        VenueName,
        Meta(title="Venue", description="The venue that is meant; it must be the run's.", examples=["BINANCE"]),
    ]
    required: Annotated[
        tuple[EnvironmentName, ...],
        Meta(
            title="Required",
            description="Environment variables without which there is no connection; each is set, and not blank.",
            examples=[["TC_VENUE_API_KEY", "TC_VENUE_API_SECRET"]],
            extra_json_schema=_UNIQUE,
        ),
    ] = ()
    optional: Annotated[
        tuple[EnvironmentName, ...],
        Meta(
            title="Optional",
            description="Environment variables that may be missing; none of those that are required.",
            extra_json_schema=_UNIQUE,
        ),
    ] = ()
    enabled: Annotated[
        bool,
        Meta(title="Enabled", description="false says that nothing is to be looked for: the state is disabled."),
    ] = True
