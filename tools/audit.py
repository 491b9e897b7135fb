"""Weaknesses that the advisory database knows of the packages in `locks/`; pip-audit does the asking.

A weakness fails the audit, and so does a lock that cannot be read. Where the database cannot be asked, or
knows none of the packages, as that of a mirror may, that is said, and is no failure: it says nothing of the
packages. pip-audit alone would call the latter "no known vulnerabilities".
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LOCKS = Path(__file__).resolve().parent.parent / "locks"
PATIENCE = 300.0  # seconds for all packages together
ACCEPTED: Mapping[str, str] = {}
"""Weaknesses that do not matter here: the name that the database gives them, and why."""

_NETWORK = re.compile(
    r"ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|Max retries|ServiceError"
)
_NO_ANSWER = "Not audited: no answer from the advisory database"


def main() -> int:
    """Print what is known; returns 1 if there is a weakness that nobody accepted, or the audit broke."""
    locks = [path for path in sorted(LOCKS.glob("*.txt")) if path.stem != "torch-cpu"]  # another build of one
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--format", "json"]
    command += ["--progress-spinner", "off", *(f"--requirement={path}" for path in locks)]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        print(f"{_NO_ANSWER} within {PATIENCE:.0f} seconds.")
        return 0
    sentence, status = judged(ran.stdout, ran.stderr)
    print(sentence)
    return status


def judged(output: str, errors: str) -> tuple[str, int]:
    """What to say of pip-audit's answer, and the exit status.

    Args:
        output: What it printed, JSON if all went well.
        errors: What it printed on stderr.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        if _NETWORK.search(errors):
            return f"{_NO_ANSWER}.", 0
        return f"The audit broke: {errors.strip()[-2000:] or 'pip-audit said nothing'}", 1
    answered = [package for package in packages if "skip_reason" not in package]
    if not answered:
        return f"{_NO_ANSWER}: it knows none of the {len(packages)} packages.", 0
    found = [
        f"{package['name']} {package['version']}: {weakness['id']}, mended in "
        f"{', '.join(weakness['fix_versions']) or 'no version yet'}"
        for package in answered
        for weakness in package["vulns"]
        if ACCEPTED.keys().isdisjoint([weakness["id"], *weakness.get("aliases", [])])
    ]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    said = f"Audited: {len(answered)} packages, {len(found)} known weaknesses."
    if unknown:
        said += f" Not audited, as the database does not know them: {', '.join(unknown)}."
    return "\n".join([said, *found]), 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
