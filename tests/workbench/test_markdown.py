from workbench.markdown import as_text, demoted


def test_marks_are_escaped_and_plain_words_are_left_alone():
    assert as_text("part 1.png is empty: save it again.") == "part 1.png is empty: save it again."
    assert as_text("*a* _b_ $x$ [c](d)") == r"\*a\* \_b\_ \$x\$ \[c\](d)"


def test_headings_are_smaller_in_a_part_of_a_page_but_not_in_code():
    card = "# Mine\n\n## Use\n\n```sh\n# a comment\n```\n#hash\n###### Small\n"
    assert demoted(card) == "#### Mine\n\n##### Use\n\n```sh\n# a comment\n```\n#hash\n###### Small\n"
