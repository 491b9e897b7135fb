"""What README, docs/ and the model cards name is there: links, commands, targets, scripts and paths."""

import re
from functools import cache
from pathlib import Path

import pytest
import typer

from crr.cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = sorted(ROOT.glob("docs/*.md"))
DOCUMENTS = [
    *(
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "deploy/README.md")
    ),
    *PAGES,
    *sorted(ROOT.glob("checkpoints/*/README.md")),
]
FENCED = re.compile(r"^```.*?^```$", re.M | re.S)
INDENTED = re.compile(r"^ {4,}.*$", re.M)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SUFFIXES = (".css", ".js", ".md", ".png", ".py", ".sh", ".toml", ".txt", ".webp")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_what_a_document_names_is_there(document):
    assert problems(document.read_text(encoding="utf-8"), document.parent) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_begins_with_whom_it_serves(page):
    heading, space, first = page.read_text(encoding="utf-8").splitlines()[:3]
    assert heading.startswith("# ")
    assert space == ""
    assert first.startswith("This page is for ")


def test_the_readme_stays_short_and_leads_to_every_page():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert {name_of(page) for page in PAGES} <= set(LINK.findall(text))


@pytest.mark.parametrize(
    "wrong",
    [
        "See [the method](docs/methods.md).",
        "![Ten models](docs/identity_mapping.png)",
        "See [the limits](README.md#dishonest-limits).",
        "Call `crr predicts`.",
        "Call `crr predict --modell x`.",
        "Call it with `--modell`.",
        "Text:\n\n    crr train --data DATA \\\n        --iterationen 3     # a comment with crr words",
        "Text:\n\n    .venv/bin/crr trainn",
        "Text:\n\n    python -m crr trainn",
        "```\nmake bench\n```",
        "`make bench` prints it.",
        "`python benchmarks/speed.py`",
        "Text:\n\n    python -m benchmarks.speed --browser",
        "`sh deploy/stop.sh`",
        "`crr/detector.py` holds it.",
        "`crr/baselines/` holds them.",
        "`detectors.py` holds it.",
    ],
)
def test_each_check_can_fail(wrong):
    assert problems(wrong, ROOT)


def problems(text: str, folder: Path) -> list[str]:
    """One sentence for each thing that a document in `folder` names and that is not there."""
    prose = INDENTED.sub("", FENCED.sub("", text))
    code = "\n".join([*FENCED.findall(text), *INDENTED.findall(FENCED.sub("", text))])
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]
    lines = [line.split("#")[0].strip() for line in re.sub(r"\\\n", " ", code).splitlines()]
    calls = [*lines, *spans]
    found = [f"no such link: {target}" for target in LINK.findall(prose) if not is_linked(target, folder)]
    found += [problem for call in calls for problem in (*wrong_command(call), *wrong_program(call))]
    return found + [f"no such path: {span}" for span in spans if names_nothing(span.split()[0], folder)]


def is_linked(target: str, folder: Path) -> bool:
    path, _, anchor = target.partition("#")
    if re.match(r"https?:", path):
        return True
    file = folder / path if path else folder
    return file.exists() and (not anchor or anchor in anchors(file))


def anchors(file: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a Markdown file."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", file.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cache
def options() -> dict[str, set[str]]:
    """Command of `crr` to its options."""
    commands = typer.main.get_command(app).commands
    return {
        name: {"--help"}.union(*(each.opts for each in command.params)) for name, command in commands.items()
    }


def wrong_command(call: str) -> list[str]:
    named = re.findall(r"--[a-z][a-z-]*", call)
    if call.startswith("--"):
        return [f"no command has {name}" for name in named if name not in set().union(*options().values())]
    match = re.match(r"(?:\S*/bin/crr|crr|\S*python -m crr|\$\(PY\) -m crr) ([a-z-]+)", call)
    if match is None:
        return []
    if match[1] not in options():
        return [f"no such command: {call}"]
    return [f"{match[1]} has no {name}" for name in named if name not in options()[match[1]]]


def wrong_program(call: str) -> list[str]:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    wanted = re.match(r"make ([a-z-]+)", call)
    found = [f"no such target: {call}"] if wanted and wanted[1] not in targets else []
    files = re.findall(r"(?:python3?|sh) ([\w./]+\.(?:py|sh))", call)
    modules = re.findall(r"-m ((?:benchmarks|tools|workbench)\.[\w.]+)", call)
    files += [module.replace(".", "/") + ".py" for module in modules]
    return found + [f"no such program: {file}" for file in files if not (ROOT / file).is_file()]


def names_nothing(name: str, folder: Path) -> bool:
    """Whether a word in backticks is a path of ours and leads nowhere."""
    if not re.fullmatch(r"\.?[\w.-]+(/[\w.-]+)*/?", name) or not ("/" in name or name.endswith(SUFFIXES)):
        return False
    if "/" not in name:
        rooms = ("crr", "workbench", "pages", "benchmarks", "tests", "tools", "deploy", "docs")
        return not any((ROOT / name).exists() or [*(ROOT / room).rglob(name)] for room in rooms)
    ours = (ROOT / name.split("/")[0]).exists() or name.endswith(SUFFIXES)
    return ours and not ((ROOT / name).exists() or (folder / name).exists())
