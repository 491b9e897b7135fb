import sys

import numpy as np
import pytest

from crr.runtime.allocator import keep_freed_memory


def page_faults():
    resource = pytest.importorskip("resource", reason="page faults are counted on Unix only")
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="about glibc")
def test_large_blocks_are_used_again_without_page_faults():
    keep_freed_memory()
    np.ones(2**24, np.uint8)  # from now on 16 MB are in hand
    before = page_faults()
    for _ in range(20):
        np.ones(2**24, np.uint8)
    assert page_faults() - before < 20 * 2**24 / 4096 / 4


def test_other_c_libraries_are_left_alone(monkeypatch):
    monkeypatch.setattr("crr.runtime.allocator.platform.libc_ver", lambda: ("", ""))
    monkeypatch.setattr(
        "crr.runtime.allocator.ctypes.CDLL", lambda *_: pytest.fail("the allocator was touched")
    )
    keep_freed_memory()
