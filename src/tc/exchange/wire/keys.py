"""The keys that sign: read from environment variables by their names, never shown."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tc.errors import DocumentError

_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,127}", re.ASCII)
_KEY = re.compile(r"[!-~]{1,512}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Keys:
    """An API key and its secret; neither is in its repr, nor in any message."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)

    def sign(self, query: str) -> str:
        """Return the HMAC-SHA256 of a query under the secret, hex."""
        return hmac.new(self.api_secret.encode(), query.encode(), hashlib.sha256).hexdigest()

    def redacted(self, text: str) -> str:
        """Return a text without the keys, should a stranger's answer repeat them."""
        return text.replace(self.api_secret, "***").replace(self.api_key, "***")


def missing_keys(environment: Mapping[str, str], *names: str) -> tuple[str, ...]:
    """Return which of these environment variables are not set; their values are not looked at further."""
    return tuple(name for name in names if not environment.get(name))


def read_keys(api_key_env: str, api_secret_env: str, environment: Mapping[str, str]) -> Keys:
    """Return the keys that two environment variables hold.

    Raises
    ------
    DocumentError
        A name is none of an environment variable, a variable is not set, or its value is no key. No value is shown.

    """
    names = (api_key_env, api_secret_env)
    for name in names:
        if not _NAME.fullmatch(name):
            raise DocumentError(
                "the name of an environment variable for a key is not written as one",
                hint="Give the variable's NAME in capitals, such as TC_VENUE_API_KEY; never the key itself.",
            )
    if missing := missing_keys(environment, *names):
        raise DocumentError(
            f"there are no keys: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set",
            hint="Set them in the environment of this command; they are never stored.",
        )
    for name in names:
        if not _KEY.fullmatch(environment[name]):
            raise DocumentError(
                f"{name} does not hold a key", hint="A key is printable ASCII without spaces, at most 512 characters."
            )
    return Keys(environment[api_key_env], environment[api_secret_env])
