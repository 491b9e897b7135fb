import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from crr.errors import ConfigError
from workbench.server.start import check_start
from workbench.settings import Settings, read_settings


def test_defaults_point_at_the_samples_of_the_repository():
    assert read_settings({}) == Settings()
    assert (Settings().samples / "samples.json").is_file()


def test_every_variable_is_read():
    environment = {
        "CRR_SAMPLES": "/parts",
        "CRR_MODEL_MEMORY_MB": "1000",
        "CRR_SESSION_MEMORY_MB": "20",
        "CRR_UPLOAD_MEMORY_MB": "40",
        "CRR_RESULT_MEMORY_MB": "50",
        "CRR_IMAGE_MEMORY_MB": "700",
        "CRR_NORMALS_MEMORY_MB": "30",
        "CRR_PULLED_DISK_MB": "60",
        "CRR_ENCODER_DISK_MB": "61",
        "CRR_PROXIES": "2",
        "CRR_MAX_BATCH": "3",
        "CRR_ALLOW_FOLDERS": "0",
        "CRR_ALLOWED_MODELS": "owner/*, other/one",
        "CRR_SHARE_TOKEN": "1",
        "CRR_QUESTIONS_PER_MINUTE": "7",
        "CRR_VISITS_PER_MINUTE": "8",
        "CRR_PROXY_HEADER": "X-Real-IP",
        "CRR_REQUEST_LOG": "1",
        "CRR_DATA": "/kept",
        "CRR_DATABASE_URL": "postgresql://here/parts",
        "SPACE_ID": "somebody/space",
    }
    assert read_settings(environment).model_dump() == {
        "samples": Path("/parts"),
        "model_bytes": 1000 * 2**20,
        "session_bytes": 20 * 2**20,
        "upload_bytes": 40 * 2**20,
        "result_bytes": 50 * 2**20,
        "image_bytes": 700 * 2**20,
        "normals_bytes": 30 * 2**20,
        "pulled_bytes": 60 * 2**20,
        "encoder_bytes": 61 * 2**20,
        "proxies": 2,
        "max_batch": 3,
        "allow_folders": False,
        "allowed_models": ("owner/*", "other/one"),
        "share_token": True,
        "questions_per_minute": 7,
        "visits_per_minute": 8,
        "proxy_header": "X-Real-IP",
        "request_log": True,
        "data": Path("/kept"),
        "database_url": "postgresql://here/parts",
        "on_space": True,
    }


def test_only_allowed_models_may_be_pulled():
    Settings().check_model_allowed("any/model")
    settings = Settings(CRR_ALLOWED_MODELS="owner/*,other/one")
    for repo in ("owner/this", "owner/that", "other/one"):
        settings.check_model_allowed(repo)
    for repo in ("other/two", "owners/this"):
        with pytest.raises(ConfigError, match=r"may not be pulled here.*allows: owner/\*, other"):
            settings.check_model_allowed(repo)


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("CRR_MAX_BATCH", "0", "give a whole number above 0."),
        ("CRR_MAX_BATCH", "5.0", "give a whole number above 0."),
        ("CRR_MODEL_MEMORY_MB", "-1", "give a whole number, 128 at least."),
        ("CRR_ALLOW_FOLDERS", "yes", "set it to 1 or 0, or leave it out."),
        ("CRR_REQUEST_LOG", "yes", "set it to 1 or 0, or leave it out."),
        ("CRR_QUESTIONS_PER_MINUTE", "-1", "give a whole number, 0 for no limit."),
    ],
)
def test_a_wrong_value_is_a_sentence_with_its_variable_and_what_is_allowed(name, value, advice):
    with pytest.raises(ConfigError) as refusal:
        read_settings({name: value})
    assert str(refusal.value) == f"{name} is {value!r}; {advice}"


def test_only_the_given_environment_is_read(monkeypatch):
    monkeypatch.setenv("CRR_MAX_BATCH", "3")
    assert read_settings({}).max_batch == 200
    assert read_settings({"CRR_MAX_BATCH": "4"}).max_batch == 4
    assert read_settings({"crr_max_batch": "4", "max_batch": "5"}).max_batch == 200


def test_settings_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().max_batch = 3


def test_the_start_check_loads_neither_torch_nor_streamlit():
    program = "import sys, workbench.settings; print({'torch', 'streamlit'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


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
        (
            Settings(CRR_ALLOW_FOLDERS="1"),
            "192.0.2.7",
            "parts.example.org",
            "https://parts.example.org",
            True,
        ),
        (Settings(CRR_ALLOW_FOLDERS="0"), None, "localhost", "http://localhost", False),
        (
            Settings(CRR_ALLOW_FOLDERS="1", SPACE_ID="somebody/space"),
            None,
            "localhost",
            "http://localhost",
            False,
        ),
    ],
)
def test_folders_of_the_server_are_for_visitors_on_it(settings, visitor, host, origin, allowed):
    assert settings.folders_allowed(visitor, {"Host": host, "Origin": origin}) is allowed


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_who_comes_through_a_proxy_is_not_on_the_machine_whatever_else_is_sent(header):
    local = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}
    assert Settings().folders_allowed(None, local)
    assert not Settings().folders_allowed(None, {**local, header: "192.0.2.7"})
    assert Settings(CRR_ALLOW_FOLDERS="1").folders_allowed(None, {**local, header: "192.0.2.7"})


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


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"CRR_MAX_UPLOAD_MB": "300"}, "CRR_SESSION_MEMORY_MB is smaller"),
        ({"CRR_UPLOAD_MEMORY_MB": "400"}, "CRR_UPLOAD_MEMORY_MB has to be 3 times"),
        ({"SPACE_ID": "a/b", "CRR_MAX_UPLOAD_MB": "200"}, "CRR_UPLOAD_MEMORY_MB has to be 3 times"),
    ],
)
def test_a_workbench_to_which_nothing_could_be_uploaded_does_not_start(environment, named):
    with pytest.raises(ConfigError, match=named):
        check_start(environment)
