from dataclasses import fields, replace

from crr.metrics.report import HEADINGS, Figures, Report

WORST = Figures(images=2, **dict.fromkeys(HEADINGS, 0.0))


def test_every_figure_has_a_heading():
    assert ["images", *HEADINGS] == [field.name for field in fields(Figures)]


def test_a_figure_of_zero_counts_in_the_mean_and_one_that_is_missing_does_not():
    best = replace(WORST, images=3, aupro=0.5, pixel_ap=None)
    mean = Report("brightness", {"bolt": WORST, "cable": best}).mean
    assert (mean.images, mean.aupro, mean.pixel_ap) == (5, 0.25, 0.0)


def test_a_figure_that_no_category_has_is_missing_in_the_mean():
    report = Report("brightness", {"bolt": replace(WORST, aupro=None)})
    assert report.as_json()["mean"]["aupro"] is None
