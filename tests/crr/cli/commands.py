"""Running a command in this process, and the smallest training."""

import json
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from crr.cli.main import app

ENCODER = ["--encoder", "test_efficientnet", "--weights", "random", "--layers", "1,2,3", "--size", "64"]
TINY = [*ENCODER, "--batch-size", "2", "--device", "cpu", "--workers", "0", "--progress", "none"]
RESULTS = ("config.json", "model.safetensors")


def crr(*arguments: object, code: int = 0) -> Result:
    """Run a command in this process; returns what it said."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def read_json(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(path.read_text())
    return values


def train(data: Path, out: Path, *options: object, code: int = 0) -> Result:
    return crr("train", "--data", data, "--out", out, *TINY, *options, code=code)
