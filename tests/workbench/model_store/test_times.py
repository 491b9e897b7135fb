"""How long models take for a photo, as it is kept for the table of models."""

from tests.workbench.fakes import CHOICE, MODEL, file_of, png
from workbench.model_store.times import Times


def test_the_median_of_the_last_photos_on_the_last_device_is_told():
    times = Times()
    assert times.usual("a") is None
    for milliseconds in (900.0, 30.0, 32.0):
        times.keep("a", "cpu", milliseconds)
    assert times.usual("a") == 32
    for milliseconds in range(25):
        times.keep("a", "cpu", milliseconds)
    assert times.usual("a") == 12
    times.keep("a", "cuda:0", 3.0)
    assert times.usual("a") == 3
    assert times.usual("b") is None


def test_those_that_were_asked_longest_ago_are_forgotten():
    times = Times()
    for number in range(300):
        times.keep(str(number), "cpu", 1.0)
    assert times.usual("0") is None
    assert times.usual("299") == 1


def test_each_photo_that_is_inspected_counts(library):
    times = Times()
    inspected = library.inspector(times=times).inspect(file_of(png(), "part.png"), CHOICE)
    assert times.usual(MODEL.revision) == sum(inspected.inspection.milliseconds.values())
