"""Where a model loses a defect, in words."""

import pytest

from workbench.lesson.margins import where_lost


@pytest.mark.parametrize(
    ("margins", "sentence"),
    [
        ((0.1, 0.2, 0.3), "CRR finds it at every strength."),
        ((-0.3, -0.2, -0.1), "CRR finds it at none."),
        ((-0.1, 0.1, 0.3), "CRR loses it below about 30 %."),
        ((-0.1, 0.0, 0.3), "CRR loses it below about 40 %."),
        ((-0.1, 0.1, -0.1), "CRR finds it at 40 %, and at no other strength drawn here."),
        ((0.1, -0.1, 0.1), "CRR finds it at 20, 60 %, and at no other strength drawn here."),
    ],
)
def test_what_is_said(margins, sentence):
    assert where_lost("CRR", (20, 40, 60), margins) == sentence
