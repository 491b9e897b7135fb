import re

import pytest

from workbench.basics.markdown import as_part, as_text, as_words

LINK = 'target="_blank" rel="noopener noreferrer nofollow"'
SPY = "http://host/x.png"


def inner(card: str) -> str:
    """What stands in the frame of a card, without line breaks."""
    return as_part(card).replace("\n", "").removeprefix('<div class="card">').removesuffix("</div>")


def test_marks_are_escaped_and_plain_words_are_left_alone():
    assert as_text("part 1.png is empty: save it again.") == "part 1.png is empty: save it again."
    assert as_text("*a* _b_ $x$ [c](d)") == r"\*a\* \_b\_ \$x\$ \[c\](d)"


@pytest.mark.parametrize("address", ["https://host/x", "WWW.host.example", "me@host.example"])
def test_an_address_in_the_words_of_a_stranger_is_no_link(address):
    text = as_words(f"licence {address}")
    assert not re.search(r"https?://|www\.|\w@", text, re.IGNORECASE)
    assert text.replace("\u2060", "") == f"licence {address}"


@pytest.mark.parametrize(
    ("card", "part"),
    [
        ("# Mine\n\n## Use\n", "<h4>Mine</h4><h5>Use</h5>"),
        ("   # Mine\n#\tOther\n###### Small\n#hash", "<h4>Mine</h4><h4>Other</h4><h6>Small</h6><p>#hash</p>"),
        ("Mine\n====\n\nUse\n---\n", "<h4>Mine</h4><h5>Use</h5>"),
        ("a\n\n---\n", "<p>a</p><hr />"),
        ("```sh\n# a comment\n```\n", '<pre><code class="language-sh"># a comment</code></pre>'),
        ("a [b](https://c/d)", f'<p>a <a href="https://c/d" {LINK}>b</a></p>'),
        ("<e@f.g>", f'<p><a href="mailto:e@f.g" {LINK}>e@f.g</a></p>'),
        (f"![spy]({SPY})\n", f'<p><a href="{SPY}" {LINK}>spy</a></p>'),
        (f"![]({SPY})\n", f'<p><a href="{SPY}" {LINK}>{SPY}</a></p>'),
        (f"[![badge]({SPY})](https://c/d)\n", f'<p><a href="https://c/d" {LINK}>badge</a></p>'),
        ("![x](data:image/png;base64,AAAA)\n", "<p>x</p>"),
        ("<!-- figures: begin -->\n\na <!-- here --> b\n", "<p>a  b</p>"),
        ("a <b>c</b>", "<p>a &lt;b&gt;c&lt;/b&gt;</p>"),
        ("<div>\nx\n</div>", "<p>&lt;div&gt;x&lt;/div&gt;</p>"),
        ("", ""),
        (" \n", ""),
    ],
)  # fmt: skip
def test_a_card_fits_into_a_page(card, part):
    assert inner(card) == part


def test_tables_are_tables():
    assert "<th>a</th>" in as_part("| a | b |\n|---|---|\n| 1 | 2 |\n")


@pytest.mark.parametrize(
    "card",
    [
        f"!![x]({SPY})",
        f"!![r][ref]\n\n[ref]: {SPY}",
        f"`````\ncode\n````````\n![x]({SPY})",
        f"```a`b\n![x]({SPY})\n```",
        f"> ```\n![x]({SPY})",
        f"<img src={SPY}> <iframe src={SPY}></iframe>\n\n<script>fetch('{SPY}')</script>",
        f"<style>p {{ background: url({SPY}) }}</style>",
        f"&#33;[x]({SPY}) \\![x]({SPY})",
        f"<!-- --><img src={SPY}><!-- --> a <!-- --><img src={SPY}> <!-->-->",
        f"[![x]({SPY})][a]\n\n[a]: {SPY}",
        f"| a |\n|---|\n| ![x]({SPY}) |",
        f"# ![x]({SPY})",
        f"- ![x]({SPY} 'title')",
        f"![a ![x]({SPY}) b]({SPY})",
        "[x](javascript:alert(1)) <javascript:alert(1)> [y](data:text/html,<script>)",
    ],
)
def test_nothing_in_a_card_is_fetched_or_run(card):
    tags = re.findall(r"<\s*/?\s*([a-z0-9]+)", as_part(card))
    plain = {"div", "p", "a", "pre", "code", "blockquote", "h4", "ul", "li"}
    assert set(tags) <= plain | {"table", "thead", "tbody", "tr", "th", "td"}
    assert not re.search(
        r'(?:src|style|on\w+)\s*=|href="(?!https?:)', re.sub(r">[^<]*<", "><", as_part(card))
    )


def test_of_a_huge_card_the_beginning_is_shown():
    assert as_part("word " * 30_000).endswith("as it is very long.</p></div>")


def test_a_sentence_is_one_line():
    assert as_text("mit\n\n# HUGE") == r"mit \# HUGE"
