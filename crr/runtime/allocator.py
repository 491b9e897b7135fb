"""The C library's allocator, told what suits work that repeats itself."""

import ctypes
import platform

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # parameters of mallopt, from malloc.h


def give_back_freed_memory() -> None:
    """Give memory that was freed back to the system, for programs that go on for days.

    glibc keeps what was freed between blocks that are still used: after many visitors that is more than all
    who are there take. Does nothing where the C library is not glibc.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


def keep_freed_memory() -> None:
    """Keep memory that a step frees for the next step, instead of giving it back to the kernel.

    For programs that end with their work, as the `crr` command does: inspecting a folder takes a quarter less
    time (`benchmarks/inference.py` measures it), and training gains more.

    Every step of training frees and asks for the same gigabyte. glibc gives large blocks back at once, and
    the kernel hands them out again page by page: 320,000 page faults, 0.44 s of a step of 1.5 s with the
    embedded preset on one core, against 29,000 and 0.06 s. Both settings are needed: large blocks no
    longer come from mmap, and the heap they then come from is not trimmed.

    The process keeps its peak memory until it ends. Does nothing where the C library is not glibc.
    """
    if platform.libc_ver()[0] == "glibc":
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, 2**31 - 1)
