"""Prints how PatchCore's exact search in torch compares with that of faiss, on the embedded memory.

Both run alternately in one process. faiss is needed for this comparison alone: `pip install faiss-cpu`.

    python benchmarks/nearest.py
"""

import time
from collections.abc import Callable
from statistics import median

import torch

from crr.checkpoints.serialization import load
from crr.models.patchcore import PatchCore, nearest

ROUNDS = 20
WARM_UP = 3


@torch.inference_mode()
def main() -> None:
    """Search the neighbours of one image's patches with both."""
    try:
        import faiss
    except ImportError:
        raise SystemExit("faiss is not installed: pip install faiss-cpu") from None
    detector = load("patchcore-embedded", "cpu")
    assert isinstance(detector, PatchCore)
    memory = detector.memory.flatten(0, 1).float() * detector.weight
    squares = memory.square().sum(dim=1)
    size = detector.config.encoder.crop
    [tokens] = detector.tokens.join(detector.encoder(torch.rand(1, 3, size, size)))
    choices = tokens * detector.weight
    index = faiss.IndexFlatL2(memory.shape[1])
    index.add(memory.numpy())
    found = torch.from_numpy(index.search(choices.numpy(), 1)[1][:, 0])
    alike = float((found == nearest(choices, memory, squares)).float().mean())
    times = [
        (
            timed(lambda: nearest(choices, memory, squares)),
            timed(lambda: index.search(choices.numpy(), 1)),
        )
        for _ in range(WARM_UP + ROUNDS)
    ][WARM_UP:]
    ours, theirs = zip(*times, strict=True)
    ratio = median(first / second for first, second in times)
    print(
        f"{len(choices)} patches among {len(memory)} of {memory.shape[1]} numbers: torch "
        f"{median(ours):.1f} ms, faiss {faiss.__version__} {median(theirs):.1f} ms, ratio {ratio:.2f}; "
        f"the same patch for {100 * alike:.1f} %"
    )


def timed(work: Callable[[], object]) -> float:
    """Milliseconds that `work` takes."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
