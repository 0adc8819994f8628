"""Text of researchers in reports: their Markdown as HTML that can do nothing, and their words inside our Markdown."""

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markupsafe import Markup

from aarlab.quote import DRIVING

_MARKUP = re.compile(r"[&<>\[\]()`*_~|\\#!{}@:$]")
"""What Markdown, and what some of its dialects, do something with."""
_TICKS = re.compile(r"`+")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    return parser.disable(["link", "image", "autolink", "reference", "html_block", "html_inline"])


def render_markdown(text: str, *, heading: str = "h5") -> Markup:
    """Safe HTML. Headings become small ones (or another `heading`), so that a post cannot pose as a section."""
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = heading
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def literal(text: str) -> str:
    """Anybody's words on one line of a Markdown report, where they can do nothing: no markup, no HTML, no link."""
    line = " ".join(DRIVING.sub("?", text).split())
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", line)


def fenced(text: str) -> str:
    """Anybody's text as a block of a Markdown report that shows it as it is; no line of it can end the block."""
    body = "\n".join(DRIVING.sub("?", line) for line in text.splitlines())
    fence = "`" * max([3, *(len(run) + 1 for run in _TICKS.findall(body))])
    return f"{fence}text\n{body}\n{fence}"
