"""Where computing happens: the devices here, which of them gain by bfloat16, and how much memory there is."""

import os
from contextlib import AbstractContextManager, suppress

import torch

from crr.errors import DeviceError


def available_devices() -> list[str]:
    """Names of the devices here, best first; "cpu" is always the last."""
    names = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def resolve_device(name: str = "auto") -> torch.device:
    """The device of that name; "auto" is the best there is.

    Raises:
        DeviceError: This machine has no such device.
    """
    devices = available_devices()
    if name == "auto":
        return torch.device(devices[0])
    wanted = "cuda:0" if name == "cuda" else name
    if wanted not in devices:
        raise DeviceError(f"There is no device {name!r} on this machine; there are: {', '.join(devices)}.")
    return torch.device(wanted)


def physical_memory() -> int:
    """Bytes of memory that this machine has; more than any has where the system does not say."""
    with suppress(AttributeError, ValueError, OSError):  # Windows has no such question
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 2**63


def bfloat16_helps(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 natively; emulated it is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def autocast(device: torch.device) -> AbstractContextManager[None]:
    """A context that computes in bfloat16 where the device multiplies it natively."""
    return torch.autocast(device.type, torch.bfloat16, enabled=bfloat16_helps(device))
