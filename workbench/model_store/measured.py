"""What models scored on their own test photos, as it lies beside them."""

from crr.checkpoints.files import CheckpointInfo
from crr.checkpoints.measured_scores import read_scores
from crr.metrics.score_ratios import ScoreRatios


def measured_ratios(model: CheckpointInfo, category: str | None) -> ScoreRatios | None:
    """The scores over their limits of a category's test photos; None if nobody measured them."""
    measured = read_scores(model.path, model.revision)
    return None if measured is None or category is None else measured.categories.get(category)
