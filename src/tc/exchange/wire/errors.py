"""What a venue's line can fail with. All are exit code 5: what is at the venue is then unknown, never taken for nothing."""

from tc.errors import UnreachableError


class VenueUnreachableError(UnreachableError):
    """The venue gave no answer that can be used.

    Parameters
    ----------
    message
        What happened; no query and no key.
    is_unclear
        Whether the request may have been carried out all the same: whoever sent it asks before repeating it.

    """

    def __init__(self, message: str, *, is_unclear: bool) -> None:
        super().__init__(message, hint="Look whether the venue runs, and whether its URL is the one of this run.")
        self.is_unclear = is_unclear


class VenueRefusedError(UnreachableError):
    """The venue understood the request and did not carry it out.

    Parameters
    ----------
    status
        The HTTP status.
    code
        The venue's own error code; 0 where it gave none.
    reason
        The venue's own words.

    """

    def __init__(self, message: str, *, status: int, code: int, reason: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
        self.reason = reason


class VenueBusyError(VenueRefusedError):
    """The venue asked us to wait (429), or has shut us out for a while (418); nothing was carried out.

    ``retry_after_s`` is how long it asked for; nothing is sent before.
    """

    def __init__(self, message: str, *, status: int, reason: str, retry_after_s: float) -> None:
        super().__init__(message, status=status, code=-1003, reason=reason, hint="Wait; asking again sooner makes it longer.")
        self.retry_after_s = retry_after_s
