"""What the page says of the files that a visitor brought, before any verdict."""

from dataclasses import replace

import cv2
import numpy as np

from crr.config import ValueRange
from crr.data.inventory.sentences import lines
from tests.workbench.fakes import CHOICE, good_png, png
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.samples import read_samples
from workbench.inspection.visitor import VisitorState
from workbench.review.look import look_at_batch
from workbench.settings import Settings


def visitor_of(tmp_path, **contents: bytes) -> VisitorState:
    """A visitor with a folder of files; "__" in a name is a subfolder, the ending is the content's."""
    visitor = VisitorState(Settings(CRR_MAX_BATCH="4"), next(iter(read_samples(Settings().samples))))
    for name, content in contents.items():
        path = tmp_path / name.replace("__", "/").replace("_png", ".png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    visitor.take_folder(str(tmp_path))
    return visitor


def test_kinds_copies_and_what_was_passed_over_are_said(tmp_path, inspector):
    visitor = visitor_of(
        tmp_path,
        a_png=png(), b_png=png(), broken_png=good_png()[:60], c__d_png=good_png(), gt__a_png=png(), notes=b"",
        z_png=good_png(60), zz_png=good_png(61),
    )  # fmt: skip
    visitor.batch.inspect_some(CHOICE, inspector, 9)
    assert lines(look_at_batch(visitor.batch, CHOICE)) == [
        "5 images. PNG, 8 bits, RGB, 128 x 96 pixels.",
        "1 file with the same content as another: a.png = b.png.",
        "Passed over, masks, which are no photos: 1 file, gt/a.png.",
        "Passed over, no image by its name: 1 file, notes.",
        "Passed over, left out for want of room: 1 file, zz.png.",
        "1 image cannot be used: broken.png.",
    ]


def test_how_deep_photos_are_read_is_said_as_the_model_does_it(tmp_path):
    deep = cv2.imencode(".png", np.full((40, 40), 4000, np.uint16))[1].tobytes()
    batch = visitor_of(tmp_path, a_png=deep, b_png=good_png()).batch
    batch.set_aside(CHOICE)
    unknown = "Not known which value is white (the choice says it): a.png."
    assert unknown in lines(look_at_batch(batch, CHOICE), "the choice")
    other = cv2.imencode(".png", np.full((40, 40), 900, np.uint16))[1].tobytes()
    batch.add([("c.png", lambda: other)])
    batch.set_aside(CHOICE)
    read = "Images that do not say which value is white are read from"
    guessed = f"{read} 0 to 4095 (guessed from all of them; the choice says another)."
    assert guessed in lines(look_at_batch(batch, CHOICE), "the choice")
    own = ModelChoice(replace(CHOICE.model, value_range=ValueRange(0, 16383)), "cpu")
    assert f"{read} 0 to 16383 (as given or trained with)." in lines(look_at_batch(batch, own))
    batch.choose_range(ValueRange(0, 1023))
    assert f"{read} 0 to 1023 (as given or trained with)." in lines(look_at_batch(batch, own))


def test_what_is_taken_out_is_said_no_more(tmp_path):
    visitor = visitor_of(tmp_path, a_png=png())
    visitor.batch.passed_over["x.txt"] = "no image by its name"
    visitor.batch.forget("", "x.txt")
    assert lines(look_at_batch(visitor.batch, CHOICE)) == ["1 image. PNG, 8 bits, RGB, 128 x 96 pixels."]
