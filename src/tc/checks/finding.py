"""What a check found: a value, never an exception."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found to be other than expected.

    Parameters
    ----------
    code
        A stable word from the check's closed list, e.g. ``gap`` or ``chain_broken``.
    subject
        What it is about: a file and line, a dataset and row, an order.
    expected, actual
        What should have been there, and what was.

    """

    code: str
    subject: str
    expected: str
    actual: str

    def to_dict(self) -> dict[str, str]:
        """Return the finding as the JSON object that every ``--json`` shows."""
        return asdict(self)
