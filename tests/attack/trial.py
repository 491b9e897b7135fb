"""One attack on one fresh workbench: measured before, during and after, and looked over at the end."""

import tempfile
import threading
from pathlib import Path

from tests.attack.memory import resident, settled
from tests.attack.probe import Looker, broken_pages, look_often
from tests.attack.space import Space, serve
from tests.attack.stage import Act, Outcome, Size, Stage
from tests.attack.visitor import Refused

_LONGEST = 300.0  # seconds that an attack may act
_VISITS = 3  # before, and after
_LAST = 20_000  # number of the first visit after the attack


def attempt(name: str, act: Act, size: Size, settle: float, guard: int, warm: bool = True) -> Outcome:
    """What an attack does to a workbench that is served for it alone.

    Args:
        name: Name of the attack.
        act: The attack.
        size: How large it is.
        settle: Seconds after it, until memory is measured again.
        guard: Bytes at which the server is killed.
        warm: Whether each page is opened first, so that all its models are in memory before as after.
    """
    with tempfile.TemporaryDirectory(prefix="attack-") as folder, serve(Path(folder), guard) as space:
        if warm:
            broken_pages(space.url)
        return watch(name, act, Stage(space, size), settle)


def watch(name: str, act: Act, stage: Stage, settle: float, longest: float = _LONGEST) -> Outcome:
    """What an attack does to a workbench that runs already; after `longest` seconds it is left alone."""
    space, outcome = stage.space, Outcome(name)
    outcome.before = look_often(space.url, _VISITS, 0)
    outcome.idle = resident(space.process)
    space.memory.restart()
    looker = Looker(space.url, _VISITS)
    looker.start()
    outcome.note, outcome.not_made = _acted(act, stage, longest)
    stage.clear()
    looker.stop()
    outcome.during = looker.seconds
    _look_over(space, outcome, settle)
    return outcome


def _acted(act: Act, stage: Stage, longest: float) -> tuple[str, str]:
    """What came of the attack, and why it was not made; empty if it was."""
    notes, mistakes = [f"still acting after {longest:.0f} s"], [""]

    def work() -> None:
        try:
            notes.append(act(stage))
        except Refused as refusal:
            notes.append(f"refused: {refusal}")
        except Exception as error:  # a page or an attack that is not what it was
            mistakes.append(str(error) or type(error).__name__)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(longest)
    return notes[-1], mistakes[-1]


def _look_over(space: Space, outcome: Outcome, settle: float) -> None:
    """What is left of a workbench, and of the memory that it took."""
    if space.alive:
        outcome.later = look_often(space.url, _VISITS, _LAST)
        outcome.after = settled(space.process, settle)
    outcome.peak, outcome.killed = space.memory.peak, space.memory.killed
    if not space.alive:
        outcome.broken = [] if outcome.killed else ["the server ended"]
        return
    outcome.broken = broken_pages(space.url)
    outcome.peak = max(outcome.peak, space.memory.peak)
    mistakes = space.log.read_text(errors="replace").count("Traceback (most recent")
    outcome.note += f" [{mistakes} tracebacks in the log]" if mistakes else ""
