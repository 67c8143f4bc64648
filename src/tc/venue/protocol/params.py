"""The parameters of a request: read once, each name at most once, nothing unread, and each value by its type."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qsl

from tc.venue.protocol.problems import ApiError, duplicate, malformed, missing, unread

LONGEST_NUMBER = 40
_EVERYWHERE = frozenset({"timestamp", "recvWindow", "signature"})


@dataclass(frozen=True, slots=True)
class Params:
    """What was sent, by name."""

    values: Mapping[str, str]

    @classmethod
    def read(cls, query: str, body: str) -> "Params":
        """Read the raw query and the raw body of a request, both in the form of a query.

        Raises
        ------
        ApiError
            A name is there twice.

        """
        pairs = parse_qsl(query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True)
        values = dict(pairs)
        if len(values) != len(pairs):
            raise duplicate()
        return cls(values)

    def require(self, mandatory: Collection[str], optional: Collection[str]) -> None:
        """Hold what was sent against what an endpoint reads.

        Raises
        ------
        ApiError
            A mandatory one is missing or empty, or one is not known.

        """
        for name in mandatory:
            if not self.values.get(name):
                raise missing(name)
        known = _EVERYWHERE.union(mandatory, optional)
        read = sum(name in known for name in self.values)
        if read < len(self.values):
            raise unread(read, len(self.values))

    def text(self, name: str) -> str | None:
        """Return a value as it was sent, None when it was not or is empty."""
        return self.values.get(name) or None

    def integer(self, name: str) -> int | None:
        """Return a whole number, None when it was not sent."""
        value = self.text(name)
        if value is None:
            return None
        if len(value) > LONGEST_NUMBER or not value.removeprefix("-").isascii() or not value.removeprefix("-").isdigit():
            raise malformed(name)
        return int(value)

    def decimal(self, name: str) -> Decimal | None:
        """Return a decimal number, None when it was not sent."""
        value = self.text(name)
        if value is None:
            return None
        if len(value) > LONGEST_NUMBER:
            raise malformed(name)
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise malformed(name) from None
        if not number.is_finite():
            raise malformed(name)
        return number

    def flag(self, name: str) -> bool:
        """Return a boolean, however its letters are written; False when it was not sent."""
        value = (self.text(name) or "false").lower()
        if value not in {"true", "false"}:
            raise malformed(name)
        return value == "true"

    def choice(self, name: str, choices: Collection[str], error: ApiError | None = None) -> str | None:
        """Return one of the choices, None when it was not sent."""
        value = self.text(name)
        if value is not None and value not in choices:
            raise error or malformed(name)
        return value
