"""What Compare opens with, measured with its own models on its own samples."""

from dataclasses import replace

import crr
from crr.types import BELOW_LIMIT
from tests.workbench.fakes import CHOICE, OTHER_MODEL, inspection_of, part
from workbench.comparison.comparison import Comparison, compare_shown
from workbench.comparison.opening import OPENING_MODELS, OPENING_SAMPLE, missed_defect
from workbench.inspection.inspector import Inspected, ModelChoice
from workbench.inspection.samples import read_samples
from workbench.inspection.visitor import VisitorState
from workbench.model_store import available
from workbench.settings import Settings

SAMPLES = read_samples(Settings().samples)
BOTH = [CHOICE, ModelChoice(OTHER_MODEL, "cpu")]


def test_the_opening_sample_is_a_real_defect_that_crr_finds_and_the_baseline_misses():
    models = [crr.load(str(available.find_models()[name].path), "cpu") for name in OPENING_MODELS]
    assert [model.config.method for model in models] == ["crr", "autoencoder"]
    telling = []
    for name, sample in SAMPLES.items():
        verdicts = [crr.inspect(model, [crr.decode(sample.path)])[0].verdict for model in models]
        if sample.defective and verdicts[0] == "defective" and verdicts[1] in BELOW_LIMIT:
            telling.append(name)
    assert OPENING_SAMPLE in telling


def compared(inspector, sample: str, *verdicts: str) -> Comparison:
    comparison = compare_shown(VisitorState(Settings(), sample), SAMPLES, BOTH, inspector)
    answers = {
        name: Inspected(answer.picture, replace(inspection_of(part()), verdict=verdict), 0.0)
        for (name, answer), verdict in zip(comparison.inspected.items(), verdicts, strict=True)
    }
    return replace(comparison, answers=answers)


def test_who_would_have_it_checked_by_hand_is_said_too(inspector):
    said = missed_defect(compared(inspector, OPENING_SAMPLE, "defective", "check by hand"))
    assert said == "This part has a real defect: CRR finds it, other would have it checked by hand."
    said = missed_defect(compared(inspector, OPENING_SAMPLE, "check by hand", "normal"))
    assert said == "This part has a real defect: CRR would have it checked by hand, other misses it."


def test_who_finds_a_real_defect_and_who_misses_it_is_a_sentence(inspector):
    comparison = compared(inspector, OPENING_SAMPLE, "defective", "normal")
    assert missed_defect(comparison) == ("This part has a real defect: CRR finds it, other misses it.")


def test_that_models_agree_is_said_and_nothing_where_no_defect_is_known(inspector):
    alike = missed_defect(compared(inspector, OPENING_SAMPLE, "defective", "defective"))
    assert alike == "This part has a real defect: CRR and other find it."
    alike = missed_defect(compared(inspector, OPENING_SAMPLE, "normal", "normal"))
    assert alike == "This part has a real defect: CRR and other miss it."
    assert missed_defect(compared(inspector, "screw_good", "defective", "normal")) is None
    assert missed_defect(compared(inspector, OPENING_SAMPLE, "no part seen", "unknown part")) is None
