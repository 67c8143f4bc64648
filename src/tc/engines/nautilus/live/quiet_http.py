"""The HTTP client of a node's adapter, whose errors do not repeat the signed request that failed: Nautilus logs them."""

from typing import Any

from tc.engines.nautilus.seams import HasKernel
from tc.redaction import without_signatures


class QuietHttp:
    """An HTTP client that raises what another raises, in the same words but for the signature."""

    def __init__(self, theirs: Any) -> None:  # noqa: ANN401 - Nautilus's
        self._theirs = theirs

    async def request(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        """Send a request, and return its answer."""
        try:
            return await self._theirs.request(*arguments, **named)
        except Exception as error:
            said = without_signatures(str(error))
            if said == str(error):
                raise
            quiet = type(error)(said)
        raise quiet  # Out of its handler, so that the first one is not told with it.

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Return whatever else the other one has."""
        return getattr(self._theirs, name)


def hide_signatures(node: HasKernel) -> None:
    """Let no client of a built node raise, log or print a signed request."""
    kernel = node.kernel
    for client in (*kernel.exec_engine._clients.values(), *kernel.data_engine._clients.values()):  # noqa: SLF001 - no other way
        http = client._http_client  # noqa: SLF001
        if not isinstance(http._client, QuietHttp):  # noqa: SLF001 - its clients share one
            http._client = QuietHttp(http._client)  # noqa: SLF001
