"""Markdown of others: text shown as it is, and cards that fit into a page and load nothing."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from threading import Lock

from markdown_it import MarkdownIt
from markdown_it.token import Token

_SPECIAL = re.compile(r"([\\`*_\[\]$~<>#])")
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_NO_BREAK = "\u2060"  # a word joiner: is not seen, and keeps an address from becoming a link
_DOWN, _LOWEST = 3, 6
_parsing = Lock()
_LONGEST = 100_000  # characters of a card that are shown
_LINK = {"target": "_blank", "rel": "noopener noreferrer nofollow"}


def as_text(sentence: str) -> str:
    """The sentence in one line, with every character escaped that Markdown would take for a mark."""
    return _SPECIAL.sub(r"\\\1", " ".join(sentence.split()))


def as_words(text: str) -> str:
    """What a stranger wrote, in one line, where no address becomes a link either."""
    return _ADDRESS.sub(_NO_BREAK, as_text(text))


def as_part(card: str) -> str:
    """Somebody's card in Markdown, as HTML that is a part of a page; empty if there is nothing to show.

    Its headings are smaller, HTML in it is shown as text, and its pictures are links: a browser would fetch
    them from anywhere, which tells their owner who looks.
    """
    with _parsing:  # who opens the same card waits for it, instead of doing the same
        return _part(card)


@lru_cache(maxsize=64)
def _part(card: str) -> str:
    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse(card[:_LONGEST])
    for token in tokens:
        if token.type == "html_block":
            token.content = f"<p>{text}</p>" if (text := _as_words(token.content)) else ""
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + _DOWN, _LOWEST)}"
        if token.children:
            token.children = [*_tamed(token.children)]
    rest = "<p>The rest of the card is left out, as it is very long.</p>" if len(card) > _LONGEST else ""
    html = parser.renderer.render(tokens, parser.options, {})
    return f'<div class="card">{html}{rest}</div>' if html.strip() else ""


def _tamed(tokens: Sequence[Token]) -> Iterator[Token]:
    """Parts of a line: links open elsewhere; a picture is a link to it, or its words where it is in one."""
    inside = 0
    for token in tokens:
        inside += token.nesting if token.type.startswith("link_") else 0
        if token.type == "link_open":
            yield _link(str(token.attrs.get("href", "")))
        elif token.type == "html_inline":
            yield Token("html_inline", "", 0, content=_as_words(token.content))
        elif token.type != "image":
            yield token
        elif inside or not (address := str(token.attrs.get("src", ""))).startswith(("http:", "https:")):
            yield Token("text", "", 0, content=token.content)
        else:
            yield _link(address)
            yield Token("text", "", 0, content=token.content or address)
            yield Token("link_close", "a", -1)


def _as_words(html: str) -> str:
    """HTML as text; comments in it are not meant to be read."""
    return escape("".join(_outside_comments(html)).strip(" \n"))


def _outside_comments(html: str) -> Iterator[str]:
    """In one pass, which a pattern would not do; a comment without an end goes to the end."""
    end = 0
    while end >= 0:
        begin = html.find("<!--", end)
        yield html[end:begin] if begin >= 0 else html[end:]
        if begin < 0:
            return
        closing = html.find("-->", begin)
        end = closing + 3 if closing >= 0 else -1


def _link(address: str) -> Token:
    return Token("link_open", "a", 1, attrs={"href": address, **_LINK})
