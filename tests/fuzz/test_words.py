"""Whatever stands in a link, in the environment, or behind an option: a setting, or one sentence."""

from math import isfinite
from typing import get_args

import pytest
from hypothesis import given, strategies as st

from crr.data.depth import parse_range
from crr.errors import ConfigError
from crr.hub.names import HubName
from tests.fuzz.made.effort import examples
from tests.fuzz.made.limits import limited
from tests.fuzz.made.promises import attempt
from workbench.explanation.location import Location
from workbench.inspection.verdict import LinkedBy
from workbench.lesson.steps import read_steps, step_number
from workbench.model_store.available import pulled_as, why_replaced
from workbench.painting.damage import KINDS, Synthetic
from workbench.server.start import check_start
from workbench.settings import VARIABLES, read_settings
from workbench.views.shared import session

_NUMBERS = [
    "0",
    "-0",
    "1",
    "12",
    "1e3",
    "1e999",
    "-1e999",
    "nan",
    "inf",
    "-inf",
    "0x10",
    "1_0",
    "٣",
    "²",
    "½",
    " 7 ",
]
_NUMBERS += ["9" * 400, "0." + "0" * 400 + "1", "1.5", ".5", "5.", "-5", "+5", "65535", "65536", "true", ""]


def words() -> st.SearchStrategy[str]:
    """What somebody may write where a number, a name or a list is expected."""
    plain = st.one_of(
        st.sampled_from(_NUMBERS), st.text(max_size=12), st.floats().map(str), st.integers().map(str)
    )
    joined = st.builds(
        lambda sign, parts: sign.join(parts), st.sampled_from(",:-/@. "), st.lists(plain, max_size=5)
    )
    return st.one_of(plain, joined)


def values() -> st.SearchStrategy[str]:
    """What a variable of the environment can hold: no NUL, and bytes that are no text as Python has them."""
    texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
    odd = st.sampled_from(["9" * 5000, "\udcff", "*", "a/b, */c", ",", "/", "/nowhere", "x" * 5000, "~"])
    return st.one_of(words().filter(lambda text: "\0" not in text and text.isprintable()), texts, odd)


@given(text=st.one_of(words(), st.just("9" * 5000), st.just("0:" + "9" * 5000)))
@examples(600)
def test_any_range_is_one_or_refused(text: str) -> None:
    found = attempt(lambda: parse_range(text), ConfigError)
    assert found is None or (found.low < found.high and isfinite(found.low) and isfinite(found.high))


@given(environment=st.dictionaries(st.sampled_from(VARIABLES), values()))
@examples(500)
def test_any_environment_is_settings_or_refused(environment: dict[str, str]) -> None:
    found = attempt(lambda: read_settings(environment), ConfigError)
    attempt(lambda: check_start(environment), ConfigError)
    if found is not None:
        assert min(found.model_bytes, found.session_bytes, found.normals_bytes, found.max_batch) > 0
        found.model_allowed("owner/name")
        found.folders_allowed(None, environment)


@given(name=words(), value=values())
@examples(200)
def test_a_variable_that_means_nothing_is_named(name: str, value: str) -> None:
    attempt(lambda: check_start({f"CRR_{name}": value, "HF_ENDPOINT": value}), ConfigError)


@given(text=words(), height=st.integers(16, 8000), width=st.integers(16, 8000))
@examples(600)
def test_any_place_in_a_link_lies_in_the_picture(text: str, height: int, width: int) -> None:
    found = Location.parse(text, (height, width))
    if found is not None:
        assert 0 <= found.left <= found.right <= 1
        assert 0 <= found.top <= found.bottom <= 1
        assert Location.parse(found.as_link((height, width)), (height, width)) is not None


@given(text=words())
@examples(400)
def test_any_damage_step_or_model_in_a_link_is_one_of_ours(text: str) -> None:
    damage = Synthetic.parse(text)
    assert damage is None or (damage.kind in KINDS and damage.seed >= 0)
    assert 0 <= step_number(text) < len(read_steps())
    name = HubName.parse(text)
    assert name is None or HubName.parse(str(name)) == name
    pulled_as(text)
    assert why_replaced(text, "crr-embedded").endswith(".")


@given(text=words(), by=st.sampled_from(get_args(LinkedBy)))
@examples(200)
def test_any_sample_and_limit_in_a_link_is_one(text: str, by: str) -> None:
    with pytest.MonkeyPatch.context() as patch, limited():
        patch.setattr(session.st, "query_params", {"sample": text, by: text})
        assert session.linked_sample()
        limit = session.linked_limit()
        assert limit is None or limit[1] == limit[1]
