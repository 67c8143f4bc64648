"""verdict.json: what came of one execution of a drill, with the reason of each part."""

import re
from contextlib import suppress
from typing import Annotated

import msgspec
from msgspec import Meta

from tc.errors import ArtifactError
from tc.spec.grammar import LONGEST_LINE
from tc.spec.reading.problem import shortened, visible
from tc.store.drill_facts import Outcome, Part
from tc.store.drills.layout import DrillDirectory
from tc.store.files import open_regular, unreadable, write_atomic

VERDICT_SCHEMA = 1

MOST_BYTES = 1 << 20
"""No verdict that tc writes is longer."""

_LONGEST_TOLD = 300
_MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_HINT = "It was altered: restore it from a copy, or carry the drill out again."
_PLACE = re.compile(r"(?P<expected>.*) - at `\$\.(?P<field>\w+)`")

type _Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]
type _Ordinal = Annotated[int, Meta(ge=1, le=2**63 - 1)]


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
        From when the last fault was put back to the steady state without alerts; None for never, and where nothing was put back
        before that.
    started_ns, ended_ns
        The wall clock, since 1970 UTC.
    sequence
        The order of what was done and seen, such as ``injected 1 down``, ``alert TcVenueDisconnected``, ``gate blocked``.

    """

    schema: int = VERDICT_SCHEMA
    drill: str
    number: _Ordinal
    title: Annotated[str, Meta(max_length=LONGEST_LINE)]
    run_id: str
    seed: _Number
    weight: Annotated[int, Meta(ge=1, le=100)]
    tags: tuple[str, ...]
    tc: str
    sees_alerts: bool
    time_scale: _Ordinal
    is_mutated: bool
    verdict: Outcome
    parts: tuple[Part, ...]
    detect_ns: _Number | None
    mitigate_ns: _Number | None
    recover_ns: _Number | None
    started_ns: _Number
    ended_ns: _Number
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
    verdict = find_verdict(drill)
    if verdict is None:
        raise ArtifactError(f"{drill.verdict} is missing", hint="The drill goes on, or was killed: carry it out again.")
    return verdict


def find_verdict(drill: DrillDirectory) -> DrillVerdict | None:
    """Return a drill's verdict; None where there is none, as of a drill that goes on or was killed.

    Raises
    ------
    ArtifactError
        The file is unreadable, not what this version writes, or of another execution than its folder's.

    """
    try:
        with open_regular(drill.verdict) as file:
            data = file.read(MOST_BYTES + 1) or b""
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArtifactError(unreadable(drill.verdict, error).message, hint=_HINT) from None
    if len(data) > MOST_BYTES:
        raise ArtifactError(f"{drill.verdict} is longer than {MOST_BYTES} bytes, as no verdict of a drill is", hint=_HINT)
    return _decoded(drill, data)


def _decoded(drill: DrillDirectory, data: bytes) -> DrillVerdict:
    try:
        schema = msgspec.json.decode(data, type=_Versioned).schema
        if schema != VERDICT_SCHEMA:
            raise ArtifactError(
                f"{drill.verdict} has schema {schema}, this version of tc reads schema {VERDICT_SCHEMA}",
                hint="Use the version of tc that wrote it.",
            )
        verdict = msgspec.json.decode(data, type=DrillVerdict)
    except _MALFORMED as error:
        raise ArtifactError(f"{drill.verdict} is not the verdict of a drill: {_told(data, error)}", hint=_HINT) from None
    if (verdict.drill, verdict.number) != (drill.drill, drill.number):
        whose = shortened(f"{verdict.drill}-{verdict.number}")
        raise ArtifactError(f"{drill.verdict} is the verdict of {whose}, and its folder that of {drill.path.name}", hint=_HINT)
    return verdict


def _told(data: bytes, error: Exception) -> str:
    """Return what is wrong: of a field its name, its value, and what was expected there."""
    found = _PLACE.fullmatch(str(error))
    with suppress(*_MALFORMED):
        if found is not None:
            value = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).get(found["field"], msgspec.Raw(b"missing"))
            what = found["expected"]
            return f"{found['field']}: value {shortened(bytes(value).decode(errors='replace'))}: {what[:1].lower()}{what[1:]}"
    return visible(str(error)[:_LONGEST_TOLD])
