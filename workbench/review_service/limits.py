"""What a model says of the images that people reviewed, by which limits are chosen."""

from collections.abc import Callable

from crr.checkpoints.content import read_config
from crr.evaluation.detection import finite_score
from crr.evaluation.limits import Judged, Judgements, check_calibrated
from crr.metrics.score_ratios import score_ratio
from workbench.annotation.queue.ordering import Wanted
from workbench.annotation.store import AnnotationStore
from workbench.review_service.answers import ModelAnswers
from workbench.review_service.asking import find_model


def judged_by(
    store: AnnotationStore,
    answers: ModelAnswers,
    project: int,
    model: str,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> Judgements:
    """Ask a model about all images that are said to be good or defective.

    Args:
        store: Where they are.
        answers: Asks, and remembers.
        project: Number of the project.
        model: Name of the model.
        tell: Hears how many images of how many are done.

    Raises:
        CRRError: The model cannot be asked, or an image is gone.
    """
    check_calibrated(read_config(find_model(model).path))
    wanted = Wanted(project, "by name", ("done",), holds=True)
    heads = [(item, head) for item, head in store.queue.heads(wanted) if head is not None]
    found: dict[str, list[Judged]] = {}
    digests: dict[str, list[str]] = {}
    unjudged = 0
    items = store.images.many([item for item, _ in heads])
    said = store.reviews.many([head for _, head in heads])
    for done, (number, head) in enumerate(heads):
        tell(done, len(heads))
        if head not in said or number not in items:  # somebody removed it meanwhile
            continue
        judgement = said[head].review.judgement
        if judgement == "unsure":
            continue
        inspection = answers.of(items[number].image, model)
        if inspection.known and inspection.seen:
            score = finite_score(inspection, items[number].image.name)
            found.setdefault(inspection.category, []).append(
                (judgement, score_ratio(score, inspection.threshold))
            )
            digests.setdefault(inspection.category, []).append(items[number].image.digest)
        else:
            unjudged += 1
    return Judgements(found, unjudged, digests)
