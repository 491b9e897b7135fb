"""`make attack`: attacks a workbench on this machine as strangers on the internet would, and says what held.

It stands among the tests and not among the benchmarks: it ends with yes or no, and it is made of what the
tests have, a Hub on this machine above all. Each attack has a workbench of its own, served as a Space is;
nothing leaves the machine.

    python -m tests.attack                              # all, as large as strangers make them
    python -m tests.attack strips uploads --settle 20   # two of them, with less waiting
    python -m tests.attack --scale 0.1                  # all, a tenth as large
    python -m tests.attack --soak 60                    # twenty visitors who work for an hour
"""

import argparse
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.attack.kinds.registry import ATTACKS
from tests.attack.report import HEADINGS, line, row, write_json
from tests.attack.soak import soak
from tests.attack.stage import Limits, Outcome, Size
from tests.attack.trial import attempt


def main() -> int:
    """Run what was asked for; 0 if all held."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server and its folders go too
    options = _options()
    limits = Limits(options.memory * 1e9, options.seconds)
    if options.list:
        for name, act in ATTACKS.items():
            print(f"{name:12}{(act.__doc__ or '').splitlines()[0]}")
        return 0
    print(line(HEADINGS), flush=True)
    outcomes = []
    for outcome in _outcomes(options):
        outcomes.append(outcome)
        print(row(outcome, limits), flush=True)
        if options.json:
            write_json(outcomes, limits, options.json)
    held = sum(not outcome.failures(limits) for outcome in outcomes)
    print(f"\n{held} of {len(outcomes)} held.")
    return 0 if held == len(outcomes) else 1


def _outcomes(options: argparse.Namespace) -> Iterator[Outcome]:
    guard = int(options.guard * 1e9)
    if options.soak:
        yield soak(options.soak, options.visitors, guard, options.settle)
        return
    size = Size(options.scale, options.sessions, options.crowd)
    for name in options.attacks or ATTACKS:
        yield attempt(name, ATTACKS[name], size, options.settle, guard)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.attack",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("attacks", nargs="*", choices=[*ATTACKS, []], metavar="ATTACK", help="which; all if none is named")
    add("--list", action="store_true", help="say what each attack is, and end")
    add("--scale", type=float, default=1.0, help="share of the full size of attacks (default 1)")
    add("--settle", type=float, default=130.0, help="seconds until memory is measured again (default 130)")
    add("--sessions", type=int, default=100, help="visitors who stay in the attack `sessions` (default 100)")
    add("--crowd", type=int, default=50, help="visitors who come at once in `crowd` (default 50)")
    add("--memory", type=float, default=3.0, help="GB that the server may take (default 3)")
    add("--seconds", type=float, default=3.0, help="median that another visitor may wait (default 3)")
    add("--guard", type=float, default=6.0, help="GB at which the server is killed (default 6)")
    add("--soak", type=float, default=0.0, metavar="MINUTES", help="only let visitors work so long")
    add("--visitors", type=int, default=20, help="visitors of the soak (default 20)")
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
