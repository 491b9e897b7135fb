"""Which worker runs which tests."""

from pathlib import Path

from xdist.scheduler.loadscope import LoadScopeScheduling

BROWSER = "browser"  # the folder, with those in it
FIRST_HALF = ("test_history", "test_layers", "test_visit")  # which take as long as all the others


class ByFile(LoadScopeScheduling):
    """A file goes to one worker, which makes once what its tests share; those of a browser go in two halves.

    A Chromium keeps one core busy, and its workbench another one now and then: two run side by side, and more
    would only wait for each other. (xdist's own groups come to nothing with pytest 9.2, says its issue 1386.)
    """

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        if BROWSER not in file.parts:
            return str(file)
        return "first half" if file.stem in FIRST_HALF else "second half"
