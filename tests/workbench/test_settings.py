from pathlib import Path

import pytest

from crr.errors import ConfigError
from workbench.settings import Settings, read_settings


def test_defaults_point_at_the_samples_of_the_repository():
    assert read_settings({}) == Settings()
    assert (Settings().samples / "samples.json").is_file()


def test_every_variable_is_read():
    environment = {
        "CRR_SAMPLES": "/parts",
        "CRR_MODEL_MEMORY_MB": "10",
        "CRR_SESSION_MEMORY_MB": "20",
        "CRR_NORMALS_MEMORY_MB": "30",
        "CRR_MAX_BATCH": "3",
        "CRR_ALLOW_FOLDERS": "0",
        "CRR_ALLOWED_MODELS": "owner/*, other/one",
        "CRR_SHARE_TOKEN": "1",
        "CRR_QUESTIONS_PER_MINUTE": "7",
        "CRR_REQUEST_LOG": "1",
        "SPACE_ID": "somebody/space",
    }
    allowed = ("owner/*", "other/one")
    assert read_settings(environment) == Settings(
        Path("/parts"), 10 * 2**20, 20 * 2**20, 30 * 2**20, 3, False, allowed, True, 7, True, True
    )


def test_only_allowed_models_may_be_pulled():
    Settings().check_model_allowed("any/model")
    settings = Settings(allowed_models=("owner/*", "other/one"))
    for repo in ("owner/this", "owner/that", "other/one"):
        settings.check_model_allowed(repo)
    for repo in ("other/two", "owners/this"):
        with pytest.raises(ConfigError, match=r"may not be pulled here.*allows: owner/\*, other"):
            settings.check_model_allowed(repo)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CRR_MAX_BATCH", "0"),
        ("CRR_MODEL_MEMORY_MB", "-1"),
        ("CRR_ALLOW_FOLDERS", "yes"),
        ("CRR_REQUEST_LOG", "yes"),
        ("CRR_QUESTIONS_PER_MINUTE", "-1"),
    ],
)
def test_a_wrong_value_names_its_variable(name, value):
    with pytest.raises(ConfigError, match=name):
        read_settings({name: value})


@pytest.mark.parametrize(
    ("settings", "visitor", "host", "origin", "allowed"),
    [
        (Settings(), None, "localhost:8501", "http://localhost:8501", True),
        (Settings(), None, "127.0.0.1", "http://127.0.0.1", True),
        (Settings(), None, "[::1]:8501", "http://[::1]:8501", True),
        (Settings(), "192.0.2.7", "localhost:8501", "http://localhost:8501", False),
        (Settings(), None, "parts.example.org", "http://localhost", False),
        (Settings(), None, "localhost:8501", "https://parts.example.org", False),
        (Settings(), None, "localhost:8501", "http://localhost.example.org", False),
        (Settings(), None, "localhost:8501", "", False),
        (Settings(allow_folders=True), "192.0.2.7", "parts.example.org", "https://parts.example.org", True),
        (Settings(allow_folders=False), None, "localhost", "http://localhost", False),
        (Settings(allow_folders=True, on_space=True), None, "localhost", "http://localhost", False),
    ],
)
def test_folders_of_the_server_are_for_visitors_on_it(settings, visitor, host, origin, allowed):
    assert settings.folders_allowed(visitor, {"Host": host, "Origin": origin}) is allowed


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_who_comes_through_a_proxy_is_not_on_the_machine_whatever_else_is_sent(header):
    local = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}
    assert Settings().folders_allowed(None, local)
    assert not Settings().folders_allowed(None, {**local, header: "192.0.2.7"})
    assert Settings(allow_folders=True).folders_allowed(None, {**local, header: "192.0.2.7"})


def test_on_a_space_strangers_share_the_machine():
    assert read_settings({"SPACE_ID": "somebody/space"}).questions_per_minute == 120
    assert read_settings({}).questions_per_minute == 0


def test_patterns_of_models_are_checked_and_used():
    with pytest.raises(ConfigError, match=r"CRR_ALLOWED_MODELS holds 'factory'; write OWNER/NAME"):
        read_settings({"CRR_ALLOWED_MODELS": "factory, other/*"})
    chosen = read_settings({"CRR_ALLOWED_MODELS": "factory/*"})
    assert chosen.model_allowed("factory/one")
    assert not chosen.model_allowed("other/one")
    assert Settings().model_allowed("other/one")
