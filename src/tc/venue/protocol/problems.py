"""What the venue answers when it does not do what it was asked: an HTTP status, and Binance's code and message.

Source: "Error codes" in Binance's documentation of the USD-M futures API.
"""

from collections.abc import Mapping

BAD_REQUEST, UNAUTHORIZED, NOT_FOUND = 400, 401, 404
TOO_MANY, BANNED, UNAVAILABLE = 429, 418, 503


class ApiError(Exception):
    """A request that is answered with an error.

    Parameters
    ----------
    code
        Binance's code, a negative number.
    message
        Binance's words.
    status
        The HTTP status.
    headers
        Headers that this answer has more than others.

    """

    def __init__(self, code: int, message: str, *, status: int = BAD_REQUEST, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.headers = dict(headers or {})

    def document(self) -> dict[str, int | str]:
        """Return the body of the answer."""
        return {"code": self.code, "msg": self.message}


def missing(name: str) -> ApiError:
    """Return the error of a mandatory parameter that is not there or cannot be read."""
    return ApiError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def malformed(name: str) -> ApiError:
    """Return the error of a parameter that is there and cannot be read."""
    return ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")


def duplicate() -> ApiError:
    """Return the error of a parameter that was sent twice."""
    return ApiError(-1101, "Too many parameters sent for this endpoint; duplicate values for a parameter detected.")


def unread(read: int, sent: int) -> ApiError:
    """Return the error of parameters that the endpoint does not know."""
    return ApiError(-1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.")


def unknown_symbol() -> ApiError:
    """Return the error of a symbol that is not traded here."""
    return ApiError(-1121, "Invalid symbol.")


def unknown_path(method: str, path: str) -> ApiError:
    """Return the error of an endpoint that does not exist."""
    return ApiError(-5000, f"Path {path}, Method {method} is invalid", status=NOT_FOUND)


def unknown_order() -> ApiError:
    """Return the error of a query for an order that does not exist."""
    return ApiError(-2013, "Order does not exist.")
