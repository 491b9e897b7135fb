import pytest

from workbench.basics.markdown import as_part, as_text


def test_marks_are_escaped_and_plain_words_are_left_alone():
    assert as_text("part 1.png is empty: save it again.") == "part 1.png is empty: save it again."
    assert as_text("*a* _b_ $x$ [c](d)") == r"\*a\* \_b\_ \$x\$ \[c\](d)"


@pytest.mark.parametrize(
    ("card", "part"),
    [
        ("# Mine\n\n## Use\n", "#### Mine\n\n##### Use\n"),
        ("   # Mine\n#\tOther\n###### Small\n#hash\n", "#### Mine\n####\tOther\n###### Small\n#hash\n"),
        ("Mine\n====\n\nUse\n---\n", "#### Mine\n\n##### Use\n"),
        ("| a | b |\n|---|---|\n\n---\n", "| a | b |\n|---|---|\n\n---\n"),
        ("```sh\n# a comment\n```\n# Mine\n", "```sh\n# a comment\n```\n#### Mine\n"),
        ("```\n# never closed\n", "```\n# never closed\n"),
        ("![spy](http://host/x.png)\n", "[spy](http://host/x.png)\n"),
    ],
)
def test_a_card_fits_into_a_page(card, part):
    assert as_part(card) == part


def test_a_sentence_is_one_line():
    assert as_text("mit\n\n# HUGE") == r"mit \# HUGE"
