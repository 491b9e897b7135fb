"""What an attack is, and what it finds: a workbench, visitors to do it with, and how large to be."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median

from tests.attack.space import Space
from tests.attack.visitor import PATIENCE, Refused, Visitor

ATTACKER = "127.0.0.2"
"""The address that all of an attack comes from, unless it says otherwise."""


@dataclass(frozen=True)
class Size:
    """How large attacks are.

    Attributes:
        scale: Share of what an attack does in full: bytes, seconds, and visitors of some.
        sessions: Sessions that are opened one after the other and stay.
        crowd: Visitors who come at the same moment.
    """

    scale: float = 1.0
    sessions: int = 100
    crowd: int = 50

    def of(self, full: float, least: int = 1) -> int:
        """A number at this scale."""
        return max(least, round(full * self.scale))


@dataclass
class Stage:
    """Where an attack takes place; whoever is still there when it is over is sent home."""

    space: Space
    size: Size
    _present: list[Visitor] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def visitor(self, address: str = ATTACKER, patience: float = PATIENCE) -> Visitor:
        """One visitor more; raises `Refused` if they are not let in."""
        visitor = Visitor(self.space.url, address, patience)
        with self._lock:
            self._present.append(visitor)
        return visitor

    def together(self, count: int, work: Callable[[int], str]) -> str:
        """What comes of work that so many do at the same time: each different answer, and how often."""

        def one(number: int) -> str:
            try:
                return work(number)
            except Refused as refusal:
                return str(refusal)

        with ThreadPoolExecutor(count) as crowd:
            return summed_up(list(crowd.map(one, range(count))))

    def clear(self) -> None:
        """Have all visitors leave at once."""
        with self._lock:
            present, self._present = self._present, []
        for visitor in present:
            visitor.vanish()


def own_address(number: int) -> str:
    """The address of one of many visitors who have nothing to do with each other."""
    return f"127.1.{number // 250}.{1 + number % 250}"


def summed_up(answers: list[str]) -> str:
    """Each different answer once, with how often it was given, the most frequent first."""
    counts = {answer: answers.count(answer) for answer in answers}
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    return "; ".join(
        f"{count} × {answer[:110]}" if count > 1 else answer[:110] for answer, count in ordered[:3]
    )


def told(said: list[str]) -> str:
    """What a page says, in few words."""
    return said[-1] if said else "answered"


Act = Callable[[Stage], str]
"""An attack: returns what came of it, in few words."""


@dataclass(frozen=True)
class Limits:
    """What a public workbench has to keep to while it is attacked.

    Attributes:
        memory: Bytes that it may ever take.
        seconds: Median of another visitor's wait, during the attack and after it.
        growth: What it may take after it has settled, as a multiple of before.
    """

    memory: int = 3 * 10**9
    seconds: float = 3.0
    growth: float = 1.2


@dataclass
class Outcome:
    """What an attack did.

    Attributes:
        name: Name of the attack.
        idle: Bytes before.
        peak: Most bytes until it had settled.
        after: Bytes when it had settled.
        killed: Bytes at which the guard ended the server; 0 if it did not.
        before: Seconds of another visitor's visits before.
        during: Likewise during the attack.
        later: Likewise after it.
        broken: What is wrong with the pages afterwards.
        note: What came of the attack, as attackers saw it.
        not_made: Why the attack did not take place; empty if it did.
    """

    name: str
    idle: int = 0
    peak: int = 0
    after: int = 0
    killed: int = 0
    before: list[float] = field(default_factory=list)
    during: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    note: str = ""
    not_made: str = ""

    def failures(self, limits: Limits) -> list[str]:
        """The limits that did not hold, in words."""
        if self.killed:
            return [f"killed by the guard at {self.killed / 1e9:.1f} GB"]
        wrong = [f"it was not made: {self.not_made}"] if self.not_made else []
        if self.peak > limits.memory:
            wrong.append(f"peak over {limits.memory / 1e9:.1f} GB")
        for when, seconds in (("during", self.during), ("after", self.later)):
            if seconds and median(seconds) >= limits.seconds:
                wrong.append(f"another visitor waits {median(seconds):.1f} s {when}")
        if self.after > limits.growth * self.idle:
            wrong.append(f"keeps {self.after / self.idle - 1:.0%} more memory")
        return wrong + self.broken[:2]
