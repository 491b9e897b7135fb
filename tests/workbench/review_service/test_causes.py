"""Causes that suggest themselves say what was measured, and nothing suggests itself without that."""

from dataclasses import replace

import numpy as np
import pytest

from crr.identity.sighting import Sighting
from tests.workbench.annotation.parts import DOT, HEIGHT, RING, WIDTH
from tests.workbench.review_service.test_service import inspection
from workbench.annotation.records import DEFAULT_TAGS
from workbench.review_service.causes import Marked, suggestions

CLEAR = Sighting({"stage1": 3.0}, patches=40, grid=784, copied=0.1)
BRIGHT = np.where(RING[..., None] | DOT[..., None], 200, 90).astype(np.uint8).repeat(3, axis=2)


def found(marked=None, *, judgement="defective", label=None, **changes):
    return {
        one.tag: one.because
        for one in suggestions(replace(inspection(), **changes), judgement, label, marked)
    }


def test_a_defect_that_is_seen_marked_and_repaired_suggests_nothing():
    assert found(Marked(BRIGHT, RING | DOT, CLEAR)) == {}
    assert found() == {}


@pytest.mark.parametrize(
    ("marked", "tag", "because"),
    [
        (
            Marked(BRIGHT, RING | DOT, replace(CLEAR, copied=0.84)),
            "copied (identity mapping)",
            "and the decoder copied 84 % of it.",
        ),
        (
            Marked(BRIGHT, RING | DOT, replace(CLEAR, patches=2)),
            "too small",
            "It touches 2 of the 784 patches",
        ),
        (
            Marked(BRIGHT, RING | DOT, replace(CLEAR, seen={"a": 0.6})),
            "low contrast",
            "it is 0.6 times as far",
        ),
        (Marked(BRIGHT // 20, RING | DOT, CLEAR), "low contrast", "by 6 of 255 levels"),
        (Marked(BRIGHT // 20, RING | DOT, None), "low contrast", "by 6 of 255 levels"),
        (Marked(BRIGHT, DOT, CLEAR), "wrong extent", "share"),
    ],
)
def test_what_is_measured_suggests_its_tag(marked, tag, because):
    [(suggested, sentence)] = found(marked).items()
    assert suggested == tag
    assert because in sentence


def test_a_mask_at_the_edge_and_one_that_covers_all_are_said():
    rim = np.zeros((HEIGHT, WIDTH), bool)
    rim[:2, 10:30] = True
    assert "edge" in found(Marked(BRIGHT, rim, CLEAR))
    assert "edge" in found(Marked(BRIGHT, np.ones_like(rim), CLEAR))


def test_what_is_said_of_the_part_is_compared_with_its_label_and_the_verdict():
    assert found(label="good") == {"wrong label in the data": "It is labelled good, and you say defective."}
    assert found(label="defective") == {}
    assert found(label="good", judgement="unsure") == {}
    assert list(found(verdict="unknown part")) == ["unlike anything trained on"]


def test_each_is_a_tag_that_projects_have():
    everything = {
        **found(Marked(BRIGHT // 20, DOT, replace(CLEAR, patches=1, copied=0.9)), label="good"),
        **found(verdict="unknown part"),
    }
    assert len(everything) == 6
    assert set(everything) <= set(DEFAULT_TAGS)
