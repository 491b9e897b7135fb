"""Processes that kill themselves with SIGKILL at one moment: nothing of theirs cleans up."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TRAP = """
import os, signal, sys
from pathlib import Path

def die_when(step, name, after):
    real = getattr(Path, step)
    def deadly(self, target):
        hit = Path(target).name.endswith(name)
        if hit and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        real(self, target)
        if hit:
            os.kill(os.getpid(), signal.SIGKILL)
        return Path(target)
    setattr(Path, step, deadly)

def each(work):
    "Let `work` run once for each moment, in a child that dies there; it is given the child's own folder."
    for moment in sys.argv[1:]:
        folder, step, name, after = moment.split("|")
        child = os.fork()
        if child == 0:
            die_when(step, name, after == "after")
            work(Path(folder))
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Moment:
    """When a process is killed: before or after a file, or a folder, gets its name.

    Attributes:
        step: "replace", as files get their names, or "rename", as folders do.
        name: How the name ends.
        after: Whether it has its name already.
        of: Tells one moment from another that is alike.
    """

    step: str
    name: str
    after: bool
    of: str = ""

    def __str__(self) -> str:
        return f"{self.of}{'after' if self.after else 'before'}-{self.name}"


def kill_each(program: str, moments: Sequence[Moment], root: Path, **environment: str) -> dict[Moment, Path]:
    """A folder for each moment, with what a process left that was killed there.

    Args:
        program: Python that calls `each(work)`, after its imports, so that all children share those.
        moments: Each has a process of its own.
        root: Where the folders are made, or are already.
        environment: For all of them, beside this one.
    """
    folders = {moment: root / str(moment) for moment in moments}
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    arguments = [
        f"{folder}|{moment.step}|{moment.name}|{'after' if moment.after else 'before'}"
        for moment, folder in folders.items()
    ]
    ran = subprocess.run(
        [sys.executable, "-c", _TRAP + program, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.stdout.split() == [str(-signal.SIGKILL)] * len(moments), ran.stderr
    return folders
