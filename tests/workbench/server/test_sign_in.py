"""A sign-in that whoever serves the workbench has set becomes the file that Streamlit reads."""

import os
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from crr.errors import ConfigError
from workbench.server.sign_in import NONE, main, sign_in_of
from workbench.server.start import check_start

OWN = {
    "CRR_SIGN_IN_PROVIDER": "https://login.example/realm/",
    "CRR_SIGN_IN_CLIENT": "workbench",
    "CRR_SIGN_IN_SECRET": 'a "quoted" \\ secret',
    "CRR_SIGN_IN_ADDRESS": "https://parts.example",
}
SPACE = {
    "SPACE_ID": "somebody/space",
    "SPACE_HOST": "somebody-space.hf.space",
    "OPENID_PROVIDER_URL": "https://huggingface.co",
    "OAUTH_CLIENT_ID": "1234",
    "OAUTH_CLIENT_SECRET": "5678",
}


def read(environment):
    return tomllib.loads(sign_in_of(environment))["auth"]


def test_streamlit_is_told_what_was_set():
    told = read(OWN)
    assert len(told.pop("cookie_secret")) == 64
    assert told == {
        "redirect_uri": "https://parts.example/oauth2callback",
        "client_id": "workbench",
        "client_secret": 'a "quoted" \\ secret',
        "server_metadata_url": "https://login.example/realm/.well-known/openid-configuration",
    }
    whole = {**OWN, "CRR_SIGN_IN_PROVIDER": "https://login.example/.well-known/openid-configuration"}
    assert read(whole)["server_metadata_url"] == "https://login.example/.well-known/openid-configuration"


def test_a_space_that_signs_in_with_the_hub_needs_nothing_more():
    told = read(SPACE)
    assert told["redirect_uri"] == "https://somebody-space.hf.space/oauth2callback"
    assert told["server_metadata_url"] == "https://huggingface.co/.well-known/openid-configuration"
    assert read({**SPACE, **OWN})["client_id"] == "workbench"


def test_without_a_provider_nothing_is_written(tmp_path):
    assert sign_in_of({}) is None
    assert sign_in_of({"SPACE_HOST": "somebody-space.hf.space"}) is None
    assert main(tmp_path / "sign-in.toml", {}) == NONE
    assert not (tmp_path / "sign-in.toml").exists()


def test_nobody_else_reads_the_file(tmp_path):
    file = tmp_path / "sign-in.toml"
    assert main(file, OWN) == 0
    assert main(file, OWN) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_sign_in_that_cannot_be_written_stops_the_start(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        main(tmp_path / "missing" / "sign-in.toml", OWN)
    environment = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "TMPDIR": str(tmp_path / "missing")}
    start = Path(__file__).parents[3] / "deploy" / "start.sh"
    ended = subprocess.run(["sh", start], env=environment | OWN, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "cannot be written" in ended.stderr
    assert "secret" not in ended.stderr


@pytest.mark.parametrize("name", OWN)
def test_half_a_sign_in_is_refused_at_the_start_and_no_secret_is_told(name):
    check_start(OWN)
    with pytest.raises(ConfigError, match=f"^{name} is missing"):
        check_start({**OWN, name: ""})
    with pytest.raises(ConfigError, match="begins with https://") as refusal:
        check_start({**OWN, "CRR_SIGN_IN_PROVIDER": "login.example"})
    assert "quoted" not in str(refusal.value)
