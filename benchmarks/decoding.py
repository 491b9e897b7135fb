"""Prints how long images take to decode in a process of their own, against in this one.

Both run alternately in one process. With `--largest` it also prints the memory that the largest photos take.

    python benchmarks/decoding.py
"""

import argparse
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from crr.config import ValueRange
from crr.data.images import decode, encode_jpeg, encode_png
from crr.data.inventory.facts import facts_of
from crr.data.sandbox.messages import Request
from crr.data.sandbox.sandbox import Sandbox
from crr.data.sandbox.worker import Worker

ROUNDS = 25
_LARGEST = 8000
_PATIENCE = 600.0


def main() -> None:
    """Decode photos of several sizes and kinds in both ways."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--largest", action="store_true", help="the memory of 64 million pixels too")
    largest = arguments.parse_args().largest
    with Sandbox() as sandbox:
        start = time.perf_counter()
        sandbox.decode(encode_png(photo(32)))
        print(f"the first process is there after {1000 * (time.perf_counter() - start):.0f} ms")
        for name, file in photos().items():
            compare(name, lambda file=file: decode(file), lambda file=file: sandbox.decode(file))  # type: ignore[misc]
        jpeg = encode_jpeg(photo(1000))
        compare(
            "its facts alone",
            lambda: facts_of(jpeg, "", "", decode=False),
            lambda: sandbox.facts_of(jpeg, "", "", decode=False),
        )
    if largest:
        for name, pixels in large().items():
            measure(name, pixels)


def photo(side: int) -> NDArray[np.uint8]:
    """A square that compresses as photos do."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
    smooth = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth + random.normal(0, 3, smooth.shape), 0, 255).astype(np.uint8)


def photos() -> dict[str, bytes]:
    """What it is to its file."""
    million, twelve = photo(1000), photo(3464)
    deep = cv2.imencode(".png", million.astype(np.uint16) * 257)[1].tobytes()
    webp = BytesIO()
    PIL.Image.fromarray(million).save(webp, "WEBP")
    return {
        "JPEG of 0.25 million pixels": encode_jpeg(photo(500)),
        "JPEG of 1 million pixels": encode_jpeg(million),
        "PNG of 1 million pixels": encode_png(million),
        "PNG of 16 bits, 1 million pixels": deep,
        "WebP of 1 million pixels": webp.getvalue(),
        "JPEG of 12 million pixels": encode_jpeg(twelve),
    }


def compare(name: str, here: Callable[[], object], apart: Callable[[], object]) -> None:
    """Print what both take; the quickest are those that no other program disturbed."""
    times: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        first, second = milliseconds(here), milliseconds(apart)
        times.append((first, second))
    here_all, apart_all = zip(*times, strict=True)
    ratio = median(second / first for first, second in times)
    print(
        f"{name}: {median(here_all):.1f} ms here, {median(apart_all):.1f} ms apart, ratio {ratio:.2f}; "
        f"quickest {min(here_all):.1f} and {min(apart_all):.1f} ms"
    )


def milliseconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def large() -> dict[str, bytes]:
    """The largest photos, by their kind."""
    deep = np.zeros((_LARGEST, _LARGEST, 4), np.uint16)
    deep[::7] = 40_000
    fractions = np.zeros((_LARGEST, _LARGEST, 3), np.float32)
    fractions[::7] = 0.5
    packed = [cv2.IMWRITE_TIFF_COMPRESSION, 5]
    return {
        "PNG of 16 bits with transparency": cv2.imencode(".png", deep)[1].tobytes(),
        "PNG of 16 bits": cv2.imencode(".png", deep[..., :3])[1].tobytes(),
        "TIFF of 32 bits": cv2.imencode(".tiff", fractions, packed)[1].tobytes(),
        "JPEG": encode_jpeg(np.zeros((_LARGEST, _LARGEST, 3), np.uint8)),
    }


def measure(name: str, file: bytes) -> None:
    """Print the time and memory of one image, in a process that does nothing else."""
    worker = Worker(memory=2**36)
    worker.ask(Request("facts", 0, _PATIENCE), b"")
    status = Path(f"/proc/{worker.pid}/status")
    before = address_space(status.read_text(), "VmSize")
    request = Request("pixels", len(file), _PATIENCE, value_range=ValueRange(0, 1))
    seconds = milliseconds(lambda: worker.ask(request, file)) / 1000
    peak = address_space(status.read_text(), "VmPeak")
    worker.close()
    print(f"64 million pixels, {name}: {seconds:.1f} s, {(peak - before) / 1e9:.2f} GB")


def address_space(status: str, name: str) -> int:
    """A figure of a process, in bytes."""
    [line] = [line for line in status.splitlines() if line.startswith(name)]
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    main()
