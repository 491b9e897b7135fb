"""What stands in deploy/ is what there is."""

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest

from crr.checkpoints.card_metadata import metadata_of
from crr.errors import ConfigError
from workbench import settings
from workbench.server import start

ROOT = Path(__file__).parents[1]
START = (ROOT / "deploy" / "start.sh").read_text(encoding="utf-8")
WORDS = {  # how the table tells a default that is no number
    None: "only at this machine",
    ("*",): "all",
    "*": "all",
    "": "none",
    "0.0.0.0": "all addresses",
    ROOT / "checkpoints": "`checkpoints/`",
    ROOT / "samples": "`samples/`",
}
NO_SIGN_IN = 'case "$*" in *workbench.server.sign_in*) exit 3;; esac\n'
OF_THE_HUB = {"HF_TOKEN", "HF_HOME", "HF_ASSETS_CACHE", "HF_ENDPOINT", "HF_HUB_OFFLINE"}


@pytest.fixture(scope="module")
def table() -> dict[str, str]:
    """Variable -> its default, from the table of deploy/README.md."""
    section = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8").partition("\n## Settings\n")[2]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    defaults = {name.strip("`"): default for name, _, default in rows}
    assert len(defaults) == len(rows)
    return defaults


def in_words(field: str, value: object) -> str:
    """A default as the table tells it."""
    if field == "data":
        return f"`{value}`" if str(value) == "/data" else "the user's own on this system"
    if field.endswith("_bytes"):
        return str(value // settings.MEGABYTE)
    if isinstance(value, str):
        return WORDS.get(value, value)
    return WORDS[value] if value in WORDS else str(int(value))


def test_the_table_tells_every_setting_with_its_default(table):
    environments: list[dict[str, str]] = [{}, {"SPACE_ID": "somebody/space"}]
    plain, on_a_space = (settings.read_as(settings.StartSettings, given) for given in environments)
    expected = {}
    for field, about in settings.StartSettings.model_fields.items():
        here, there = (in_words(field, getattr(chosen, field)) for chosen in (plain, on_a_space))
        expected[about.alias] = here if here == there else f"{here}; on a Space {there}"
    del expected["SPACE_ID"]  # a Space sets it itself
    assert {name: default for name, default in table.items() if name not in OF_THE_HUB} == expected
    assert set(settings.VARIABLES) == {*expected, "SPACE_ID"}


def test_the_start_has_the_defaults_of_the_settings():
    defaults = {about.alias: about.default for about in settings.StartSettings.model_fields.values()}
    used = {name: default for name, default in re.findall(r"\$\{(\w+):-(\S+?)\}", START) if name in defaults}
    told = {name: str(defaults[name]) for name in ("ADDRESS", "PORT")}
    assert used == told | {"CRR_MAX_UPLOAD_MB": "$most", "CRR_ALLOWED_HOSTS": "${SPACE_HOST:-*"}
    most = {given: settings.read_as(settings.StartSettings, {"SPACE_ID": given}) for given in ("a/b", "")}
    assert re.findall(r"most=(\d+)", START) == [str(chosen.max_upload_mb) for chosen in most.values()]


def test_what_the_table_tells_of_the_hub_is_read_by_its_client(table):
    assert {name for name in table if name.startswith("HF_")} == OF_THE_HUB
    client = "".join(
        path.read_text(encoding="utf-8") for path in Path(huggingface_hub.__file__).parent.rglob("*.py")
    )
    assert [name for name in OF_THE_HUB if f'"{name}"' not in client] == []


def test_no_source_reads_a_variable_that_is_no_setting():
    sources = [*ROOT.glob("crr/**/*.py"), *ROOT.glob("workbench/**/*.py"), ROOT / "deploy" / "start.sh"]
    used = {name for path in sources for name in re.findall(r"\bCRR_[A-Z_]+\b", path.read_text())}
    assert used <= set(settings.VARIABLES)


def test_the_head_of_the_readme_makes_it_a_space():
    head = metadata_of((ROOT / "README.md").read_text(encoding="utf-8"))
    assert head["sdk"] == "docker"
    assert f"EXPOSE {head['app_port']}" in (ROOT / "Dockerfile").read_text()
    assert len(head["short_description"]) <= 60


def test_the_container_holds_what_the_workbench_needs():
    ignored = {
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] not in ("", "#")
    }
    for needed in (
        "crr",
        "workbench",
        "pages",
        "checkpoints",
        "samples",
        "deploy",
        "streamlit_app.py",
        ".streamlit",
    ):
        assert (ROOT / needed).exists()
        assert needed not in ignored
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "USER 1000" in dockerfile
    assert dockerfile.endswith('\nCMD ["sh", "deploy/start.sh"]\n')


def test_the_start_says_what_it_starts(tmp_path):
    """With a Python that only repeats what it was asked."""
    echo = tmp_path / "python"
    echo.write_text(f'#!/bin/sh\n{NO_SIGN_IN}echo "$@"; echo "HF_HOME=$HF_HOME"\n')
    echo.chmod(0o755)

    def said(**environment):
        fixed = {"PATH": os.environ["PATH"], "PYTHON": str(echo), "TMPDIR": str(tmp_path)}
        command = ["sh", ROOT / "deploy" / "start.sh"]
        return subprocess.run(
            command, env=fixed | environment, capture_output=True, text=True, check=True
        ).stdout

    plain = said(PORT="9000", CRR_MAX_UPLOAD_MB="5")
    assert "--server.port 9000" in plain
    assert "--server.maxUploadSize 5" in plain
    assert "enableXsrfProtection" not in plain
    assert "--server.enableXsrfProtection false" in said(SPACE_ID="somebody/space")
    hosts = said(CRR_ALLOWED_HOSTS="parts.example, other.example")
    assert "--server.allowedHosts parts.example --server.allowedHosts other.example\n" in hosts
    assert "--server.allowedHosts *\n" in plain
    assert "HF_HOME=/elsewhere" in said(HF_HOME="/elsewhere")
    assert "HF_HOME=" in plain
    if not os.access("/data", os.W_OK):  # which would be taken before either
        assert f"HF_HOME={tmp_path}/huggingface\n" in plain
        assert "HF_HOME=\n" in said(HOME=str(tmp_path))  # the client's own place


@pytest.mark.parametrize(("hard", "expected"), [(8192, "8192"), (200_000, "65536")])
def test_the_start_takes_as_many_connections_as_it_may(tmp_path, hard, expected):
    echo = tmp_path / "python"
    echo.write_text(f"#!/bin/sh\n{NO_SIGN_IN}ulimit -S -n\n")
    echo.chmod(0o755)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most != resource.RLIM_INFINITY and most < hard:
        pytest.skip(f"at most {most} files may be open here")
    said = subprocess.run(
        ["sh", ROOT / "deploy" / "start.sh"],
        env={"PATH": os.environ["PATH"], "PYTHON": str(echo)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines() == [expected, expected]  # the settings are looked at first


@pytest.mark.parametrize("port", [{}, {"PORT": "9000"}])
def test_the_health_check_asks_where_the_workbench_is_served(port):
    dockerfile = (ROOT / "Dockerfile").read_text()
    [command] = re.findall(r"HEALTHCHECK .*\n    (\[.*\])\n", dockerfile)
    _, option, program = json.loads(command)
    program = program.replace("urllib.request.urlopen(", "print(").replace(", timeout=4", "")
    said = subprocess.run(
        [sys.executable, option, program],
        env={"PATH": os.environ["PATH"], **port},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"http://127.0.0.1:{port.get('PORT', 8501)}/_stcore/health\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CRR_MAX_UPLOAD_MB", "-1"),
        ("CRR_MAX_UPLOAD_MB", "5.0"),
        ("CRR_CHECKPOINTS", "/nowhere"),
        ("CRR_CHECKPOINTS", __file__),
        ("CRR_SAMPLES", "/nowhere"),
        ("CRR_QUESTION_PER_MINUTE", "3"),
        ("CRR_ALLOWED_HOSTS", "https://parts.example"),
        ("CRR_ALLOWED_HOSTS", "parts.example; other.example"),
        ("CRR_PROXY_HEADER", "X Forwarded For"),
        ("CRR_PROXIES", "2"),
        ("CRR_MODEL_MEMORY_MB", "1"),
        ("CRR_IMAGE_MEMORY_MB", "1"),
        ("CRR_SESSION_MEMORY_MB", "2048"),
        ("ADDRESS", "256.1.1.1"),
        ("ADDRESS", "192.0.2.1"),
        ("PORT", "abc"),
        ("PORT", "70000"),
        ("HF_ENDPOINT", "foo"),
        ("HF_ENDPOINT", "http://me:secret@host"),
    ],
)
def test_what_cannot_work_is_refused_at_the_start(name, value):
    start.check_start({})
    with pytest.raises(ConfigError, match=f"^{name} .*\\.$") as refusal:
        start.check_start({name: value})
    assert "secret" not in str(refusal.value)


def test_several_names_and_a_near_one_are_understood():
    start.check_start({"CRR_ALLOWED_HOSTS": "parts.example, other.example:8501,[::1]", "CRR_PROXIES": ""})
    with pytest.raises(ConfigError, match=r"the nearest is CRR_MAX_UPLOAD_MB\.$"):
        start.check_start({"CRR_MAX_UPLOAD": "5"})


def test_a_python_that_is_not_there_is_a_sentence():
    environment = {"PATH": os.environ["PATH"], "PYTHON": ".venv/bin/nopython"}
    ended = subprocess.run(
        ["sh", ROOT / "deploy" / "start.sh"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: PYTHON is '.venv/bin/nopython', and there is no such program")


def test_an_empty_variable_is_as_good_as_none():
    start.check_start(dict.fromkeys(settings.VARIABLES, ""))


def test_a_wrong_setting_is_said_before_anybody_is_served():
    command = ["sh", ROOT / "deploy" / "start.sh"]
    environment = os.environ | {"CRR_SHARE_TOKEN": "yes", "PYTHON": sys.executable}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert "CRR_SHARE_TOKEN is 'yes'; set it to 1 or 0" in ended.stderr
    assert not ended.stdout
