"""What the venue refuses: Binance's codes and messages for USD-M futures.

Source: developers.binance.com, derivatives, usds-margined-futures, "Error Codes". Codes are universal there and messages can
vary; the messages of -1111, -4164, -5021, -5022 and -4116 are the ones the production API sends.
"""


class Refused(Exception):  # noqa: N818 - the venue's answer, not a fault of ours
    """A request that the venue answers with an error; the exchange is unchanged by it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def mandatory(parameter: str) -> Refused:
    """-1102: a parameter is missing or cannot be read."""
    return Refused(-1102, f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed.")


def not_required(parameter: str) -> Refused:
    """-1106: a parameter that does not belong to this order."""
    return Refused(-1106, f"Parameter '{parameter}' sent when not required.")


def bad_precision() -> Refused:
    """-1111: more decimal places than the symbol has."""
    return Refused(-1111, "Precision is over the maximum defined for this asset.")


def bad_symbol() -> Refused:
    """-1121: no such symbol."""
    return Refused(-1121, "Invalid symbol.")


def unknown_order() -> Refused:
    """-2011: nothing to cancel by that id."""
    return Refused(-2011, "Unknown order sent.")


def no_such_order() -> Refused:
    """-2013: nothing to query or amend by that id."""
    return Refused(-2013, "Order does not exist.")
