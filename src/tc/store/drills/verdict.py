"""verdict.json: what came of one execution of a drill, with the reason of each part."""

import msgspec

from tc.errors import ArtifactError
from tc.store.drill_facts import Outcome, Part
from tc.store.drills.layout import DrillDirectory
from tc.store.files import read_file, write_atomic

VERDICT_SCHEMA = 1


class DrillVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What came of one execution of a drill; times are in nanoseconds.

    Parameters
    ----------
    drill, number, title
        Its name, which execution of it this is, and its title.
    run_id
        The paper run that was broken.
    seed
        Of the market, and of all that is random in its faults.
    weight, tags
        Its share in the resilience score, and what it is tagged with.
    tc
        The version of tc.
    sees_alerts
        Whether Prometheus and Alertmanager ran.
    time_scale
        By how much ``for`` and the intervals of the alerting were divided.
    is_mutated
        Whether the detector was switched off: such a drill is to fail.
    verdict
        The worst of its parts: failed before inconclusive before passed.
    parts
        What it is made of.
    detect_ns, mitigate_ns
        From the proven injection to the first of what was expected, and to the last of the expected gates; None for never.
    recover_ns
        From when the last fault was put back to the steady state without alerts; None for never.
    started_ns, ended_ns
        The wall clock, since 1970 UTC.
    sequence
        The order of what was done and seen, such as ``injected 1 down``, ``alert TcVenueDisconnected``, ``gate blocked``.

    """

    schema: int = VERDICT_SCHEMA
    drill: str
    number: int
    title: str
    run_id: str
    seed: int
    weight: int
    tags: tuple[str, ...]
    tc: str
    sees_alerts: bool
    time_scale: int
    is_mutated: bool
    verdict: Outcome
    parts: tuple[Part, ...]
    detect_ns: int | None
    mitigate_ns: int | None
    recover_ns: int | None
    started_ns: int
    ended_ns: int
    sequence: tuple[str, ...]


class _Versioned(msgspec.Struct):
    schema: int


def write_verdict(drill: DrillDirectory, verdict: DrillVerdict) -> None:
    """Write a drill's verdict atomically: indented JSON, keys sorted.

    Raises
    ------
    ArtifactError
        The file cannot be written; what stood there before still does.

    """
    write_atomic(drill.verdict, msgspec.json.format(msgspec.json.encode(verdict, order="sorted"), indent=2) + b"\n")


def read_verdict(drill: DrillDirectory) -> DrillVerdict:
    """Return a drill's verdict.

    Raises
    ------
    ArtifactError
        The file is missing, as of a drill that goes on or was killed; or unreadable, or not what this version writes.

    """
    data = read_file(drill.verdict)
    try:
        schema = msgspec.json.decode(data, type=_Versioned).schema
        if schema != VERDICT_SCHEMA:
            raise ArtifactError(
                f"{drill.verdict} has schema {schema}, this version of tc reads schema {VERDICT_SCHEMA}",
                hint="Use the version of tc that wrote it.",
            )
        return msgspec.json.decode(data, type=DrillVerdict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArtifactError(
            f"{drill.verdict} is not the verdict of a drill: {error}", hint="Carry the drill out again."
        ) from None
