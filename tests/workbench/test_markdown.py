from workbench.markdown import as_text


def test_marks_are_escaped_and_plain_words_are_left_alone():
    assert as_text("part 1.png is empty: save it again.") == "part 1.png is empty: save it again."
    assert as_text("*a* _b_ $x$ [c](d)") == r"\*a\* \_b\_ \$x\$ \[c\](d)"
