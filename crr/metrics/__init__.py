"""How good scores and maps are: AUROC, average precision, F1-max, AUPRO, and the report of them.

Begin with `detection.py`. Others use `detection.image_metrics` and `detection.PixelAccumulator` to measure,
and `report.Report` for what was measured. Arrays of numbers in, numbers out: no model and no image is known
here.
"""
