"""The fault port of a venue on this machine, asked: what it is told to break, and how often each fault has bitten."""

import http.client
from collections.abc import Mapping

import msgspec

from tc.errors import DocumentError, UnreachableError
from tc.spec.venue_url import judge

_TIMEOUT_S = 2.0
_BAD_REQUEST, _UNAVAILABLE = 400, 500


class _Told(msgspec.Struct):
    counters: dict[str, int] = {}


class _Refusal(msgspec.Struct):
    error: str = ""
    msg: str = ""


class FaultPort:
    """Asks one venue; each request on a connection of its own, so that a venue may die and come back in between.

    Parameters
    ----------
    url
        The venue itself, and no proxy in front of it.

    Raises
    ------
    RefusedError
        The URL is not one of this machine.

    """

    def __init__(self, url: str) -> None:
        self._place = judge(url)

    def ask(self, fault: str, document: Mapping[str, object]) -> dict[str, int]:
        """Ask for a fault, and return how often each has bitten by then.

        Raises
        ------
        DocumentError
            The venue does not take it, and says why.
        UnreachableError
            The venue does not answer: it may be done or not.

        """
        return self._answered("POST", f"/_fault/{fault}", msgspec.json.encode(document))

    def counters(self) -> dict[str, int]:
        """Return how often each fault has bitten since the venue was started.

        Raises
        ------
        UnreachableError
            The venue does not answer.

        """
        return self._answered("GET", "/_fault/counters", None)

    def _answered(self, method: str, path: str, body: bytes | None) -> dict[str, int]:
        connection = http.client.HTTPConnection(self._place.host, self._place.port, timeout=_TIMEOUT_S)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            text = response.read()
            if response.status < _BAD_REQUEST:
                return msgspec.json.decode(text, type=_Told).counters
            refusal = msgspec.json.decode(text, type=_Refusal)
        except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
            raise UnreachableError(
                f"the fault port of the venue at {self._place} does not answer: {error or type(error).__name__}",
                hint="It is there while `tc venue serve --faults` runs.",
            ) from error
        finally:
            connection.close()
        said = f"the venue at {self._place} answered {path} with {response.status}: {refusal.error or refusal.msg}"
        if response.status >= _UNAVAILABLE:
            raise UnreachableError(said)
        raise DocumentError(said, hint="Faults need `tc venue serve --faults`, and documents as its reference page has them.")
