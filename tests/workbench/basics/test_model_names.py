"""What people call models, and how links name them."""

import pytest

from workbench.basics.model_names import linked_model, shown_model
from workbench.model_store import available


def test_every_embedded_model_has_a_name_of_its_own():
    names = [shown_model(name) for name in available.find_models() if name.endswith("-embedded")]
    assert len(set(names)) == len(names) >= 10
    assert not any(name.endswith("-embedded") for name in names)


@pytest.mark.parametrize("told", ["crr-embedded", "CRR"])
def test_a_link_may_have_either_name(told):
    assert linked_model(told, ["other", "crr-embedded"]) == "crr-embedded"


def test_any_other_is_called_as_its_folder():
    assert shown_model("my_model") == "my_model"
    assert linked_model("gone", ["crr-embedded"]) == "gone"
