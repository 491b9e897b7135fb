"""What Compare opens with, measured with its own models on its own samples."""

from dataclasses import replace

import crr
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
        if sample.defective and verdicts == ["defective", "normal"]:
            telling.append(name)
    assert OPENING_SAMPLE in telling


def compared(inspector, sample: str, *verdicts: str) -> Comparison:
    comparison = compare_shown(VisitorState(Settings(), sample), SAMPLES, BOTH, inspector)
    answers = {
        name: Inspected(answer.picture, replace(inspection_of(part()), verdict=verdict), 0.0)
        for (name, answer), verdict in zip(comparison.inspected.items(), verdicts, strict=True)
    }
    return replace(comparison, answers=answers)


def test_who_finds_a_real_defect_and_who_misses_it_is_a_sentence(inspector):
    comparison = compared(inspector, OPENING_SAMPLE, "defective", "normal")
    assert missed_defect(comparison) == (
        "This part has a real defect: crr-embedded finds it, other misses it."
    )


def test_nothing_is_said_where_models_agree_or_where_there_is_no_defect(inspector):
    assert missed_defect(compared(inspector, OPENING_SAMPLE, "defective", "defective")) is None
    assert missed_defect(compared(inspector, OPENING_SAMPLE, "normal", "normal")) is None
    assert missed_defect(compared(inspector, "screw_good", "defective", "normal")) is None
    assert missed_defect(compared(inspector, OPENING_SAMPLE, "defective", "unknown part")) is None
