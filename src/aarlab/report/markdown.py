"""Markdown of researchers as HTML that can do nothing: no raw HTML, no links, no images."""

from functools import lru_cache

from markdown_it import MarkdownIt
from markupsafe import Markup


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
