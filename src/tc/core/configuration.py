"""CoreConfiguration: every value that a stream is processed under, and its fingerprint."""

import hashlib

import msgspec

from tc.errors import DocumentError

CONFIGURATION_VERSION = 1


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

    """

    document: bytes
    fingerprint: str
    closed_orders_kept: int

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
            needs = msgspec.json.decode(canonical, type=_Document)
        except msgspec.ValidationError as error:
            raise DocumentError(
                f"the effective configuration is not complete: {error}",
                hint="Write it with `tc run`, which fills in every value.",
            ) from None
        if needs.configuration_version != CONFIGURATION_VERSION:
            raise DocumentError(
                f"configuration_version is {needs.configuration_version}; this version of tc reads {CONFIGURATION_VERSION}",
                hint="Use the version of tc that wrote the run; metadata.json names it.",
            )
        return cls(canonical, hashlib.sha256(canonical).hexdigest(), needs.core.closed_orders_kept)


class _Core(msgspec.Struct, frozen=True):
    closed_orders_kept: int


class _Document(msgspec.Struct, frozen=True):
    configuration_version: int
    core: _Core
