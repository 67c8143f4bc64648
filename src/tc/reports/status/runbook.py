"""Runbooks as pages: Markdown of this package's own, rendered beside the status pages and in their style."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markupsafe import Markup

from tc.reports.status.html import assets, template

if TYPE_CHECKING:
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

_TITLE_TOKENS = 3  # its beginning, its text, its end


@dataclass(frozen=True, slots=True)
class RunbookTitle:
    """A runbook in the list of all: its name, which is that of its page, and its title."""

    name: str
    title: str


def title_of(text: str) -> str:
    """Return the title of a runbook: what stands behind the first heading's mark."""
    return text.partition("\n")[0].removeprefix("# ").strip()


def render_runbook(text: str) -> str:
    """Return the page of a runbook, written in Markdown; HTML in it is shown as text."""
    markdown = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
    tokens = markdown.parse(text)
    is_titled = bool(tokens) and tokens[0].tag == "h1"
    tokens = tokens[_TITLE_TOKENS:] if is_titled else tokens
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", _slug(tokens[at + 1].content))
    body = Markup(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S704 - rendered with HTML escaped
    return template("runbook").render(title=title_of(text) if is_titled else "Runbook", body=body, runbooks=(), assets=assets())


def render_runbooks(runbooks: Sequence[RunbookTitle]) -> str:
    """Return the page that lists all runbooks."""
    return template("runbook").render(title="Runbooks", body="", runbooks=runbooks, assets=assets())


class _Renderer(RendererHTML):
    """Renders what is wide so that it can be moved by touch and by keyboard, and does not widen the page."""

    def table_open(self, _tokens: "Sequence[Token]", _at: int, _options: "OptionsDict", _env: "EnvType") -> str:
        return '<div class="scroll" tabindex="0" role="region" aria-label="Table">\n<table>\n'

    def table_close(self, _tokens: "Sequence[Token]", _at: int, _options: "OptionsDict", _env: "EnvType") -> str:
        return "</table>\n</div>\n"

    def fence(self, tokens: "Sequence[Token]", idx: int, options: "OptionsDict", env: "EnvType") -> str:
        return super().fence(tokens, idx, options, env).replace("<pre>", '<pre tabindex="0">', 1)


def _slug(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")
