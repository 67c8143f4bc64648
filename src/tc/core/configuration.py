"""CoreConfiguration: every value that a stream is processed under, and its fingerprint."""

import hashlib

import msgspec

from tc.core.gate import GateConfiguration
from tc.errors import DocumentError

CONFIGURATION_VERSION = 2


class CoreConfiguration(msgspec.Struct, frozen=True):
    """What a stream is processed under: explicit, complete, versioned, identified by its fingerprint.

    Build it with `from_document`; the document is the run's whole effective configuration.

    Parameters
    ----------
    document
        The effective configuration as canonical JSON: sorted keys, no white space.
    fingerprint
        SHA-256 of ``document``, hex.
    closed_orders_kept
        At least this many final orders, with their trade ids, stay known after they close.
    history_samples, history_every_ns
        So many past prices of each instrument are kept in State, at least so far apart; 0 keeps none.
    gate
        How commands are judged and sent; None when the gate is off and no command is looked at.

    """

    document: bytes
    fingerprint: str
    closed_orders_kept: int
    history_samples: int = 0
    history_every_ns: int = 0
    gate: GateConfiguration | None = None

    @classmethod
    def from_document(cls, document: object) -> "CoreConfiguration":
        """Build the configuration from an effective document (a tree of JSON values).

        Raises
        ------
        DocumentError
            The version is another, or a value that the Core needs is missing: nothing is assumed.

        """
        canonical = msgspec.json.encode(document, order="sorted")
        try:
            _require_version(msgspec.json.decode(canonical, type=_Versioned).configuration_version)
            needs = msgspec.json.decode(canonical, type=_Document)
        except msgspec.ValidationError as error:
            raise DocumentError(
                f"the effective configuration is not complete: {error}",
                hint="Write it with `tc run`, which fills in every value.",
            ) from None
        core = needs.core
        fingerprint = hashlib.sha256(canonical).hexdigest()
        return cls(canonical, fingerprint, core.closed_orders_kept, core.history.samples, core.history.every_ns, core.gate)


class _History(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    samples: int
    every_ns: int


class _Core(msgspec.Struct, frozen=True):
    closed_orders_kept: int
    history: _History
    gate: GateConfiguration | None


class _Versioned(msgspec.Struct, frozen=True):
    configuration_version: int


class _Document(msgspec.Struct, frozen=True):
    core: _Core


def _require_version(version: int) -> None:
    if version != CONFIGURATION_VERSION:
        raise DocumentError(
            f"configuration_version is {version}; this version of tc reads {CONFIGURATION_VERSION}",
            hint="Use the version of tc that wrote the run; metadata.json names it.",
        )
