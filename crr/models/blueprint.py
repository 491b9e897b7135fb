"""What a config describes, found without building it: shapes of tensors, and the memory that they would take.

A config of a few kilobytes, which anybody may publish, can describe a network of any size. So it is first
built on PyTorch's device "meta", where tensors have shapes and no values, and asked about one image there.
"""

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from crr.config import DetectorConfig
from crr.errors import ConfigError
from crr.models import registry
from crr.models.components.encoder import Encoder
from crr.types import TensorShape


@dataclass(frozen=True)
class Blueprint:
    """What a detector would be.

    Attributes:
        tensors: Name of each of its own tensors, which a checkpoint holds, to its shape.
        bytes: The most memory that it takes while it is built, its weights included, or while it inspects an
            image; whichever is more.
    """

    tensors: Mapping[str, TensorShape]
    bytes: int


def draw(config: DetectorConfig) -> Blueprint:
    """What the detector of a config would be.

    Raises:
        ConfigError: It describes no network.
        EncoderError: There is no such encoder, or it cannot see images of that size.
    """
    try:
        with _Memory() as memory, torch.device("meta"):
            detector = registry.create(config, Encoder(config.encoder, on_paper=True))
        images = torch.empty(1, 3, config.encoder.crop, config.encoder.crop, device="meta")
        with memory, torch.inference_mode():
            detector.predict(detector.reconstruct(images))
    except (RuntimeError, OverflowError) as error:  # sizes that no computer can count to, or that do not fit
        reason = str(error).partition("\n")[0]
        raise ConfigError(f"the network cannot be built ({reason:.120})") from None
    own = {name: shape_of(tensor) for name, tensor in detector.own_tensors().items()}
    return Blueprint(own, memory.peak)


def shape_of(tensor: Tensor) -> TensorShape:
    """The shape of a tensor, and whether its values are floating-point numbers."""
    return tuple(tensor.shape), tensor.is_floating_point()


class _Memory(TorchDispatchMode):
    """Adds up the tensors that live at the same time while code runs.

    Attributes:
        peak: The most bytes so far.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._now = 0
        self._users: dict[int, int] = {}  # a storage to how many tensors share it

    def __torch_dispatch__(
        self, function: Any, types: Any, arguments: Any = (), options: Mapping[str, Any] | None = None
    ) -> Any:
        del types
        result = function(*arguments, **(options or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                self._count(tensor)
        self.peak = max(self.peak, self._now)
        return result

    def _count(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key not in self._users:
            self._users[key] = 0
            self._now += size
        self._users[key] += 1
        weakref.finalize(tensor, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._users[key] -= 1
        if not self._users[key]:
            del self._users[key]
            self._now -= size
