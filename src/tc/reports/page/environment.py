"""How templates become HTML: everything that is not markup of this package is escaped and made visible."""

import hashlib
from base64 import b64encode

import jinja2
from markupsafe import Markup

from tc.reports.page.words import visible


def html_environment() -> jinja2.Environment:
    """Return the environment of the package's HTML templates."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("tc.reports"),
        autoescape=True,
        finalize=_finalize,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def policy_source(text: str) -> str:
    """Return what a Content-Security-Policy calls an inline element of this text."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _finalize(value: object) -> object:
    return value if isinstance(value, Markup) else visible(str(value))
