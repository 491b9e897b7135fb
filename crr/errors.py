"""Every error that `crr` raises on purpose.

Each message is one or two sentences for the person at the screen: what was given, what is allowed,
what to do next. The workbench shows the message and nothing else, the command line also which option helps.

    CRRError
    ├── ImageError            an image that cannot be read or inspected
    ├── DatasetError          a folder that is not a data set we can use
    ├── ConfigError           a setting outside its range, or settings that contradict each other
    ├── EncoderError          an encoder that does not exist, or whose weights cannot be had
    ├── CheckpointError       a checkpoint that is missing, damaged or foreign
    │   └── NewerFormatError  a checkpoint written by a newer version of this library
    ├── DeviceError           a device that this machine does not have, or that ran out of memory
    ├── HubError              a model on the Hugging Face Hub that cannot be had, or not be published
    ├── StoppedError          work that somebody stopped
    ├── WriteError            a file that cannot be written
    └── TrainingError         a training run that cannot start, resume or go on
"""

from typing import Literal

Remedy = Literal["value_range", "on_error", "overwrite", "resume", "workers"]
"""What the caller can give so that the work goes on: a range, "skip" for what cannot be used, leave to
replace what is there or to go on with it, or fewer processes."""


class CRRError(Exception):
    """Root of the tree; its text is meant for the user.

    Attributes:
        remedy: What can be given against it, as parameters and options call it; None for most errors.
    """

    def __init__(self, sentence: str = "", *, remedy: Remedy | None = None) -> None:
        super().__init__(sentence)
        self.remedy = remedy


class ImageError(CRRError):
    """An image that cannot be read or inspected."""


class DatasetError(CRRError):
    """A folder that is not a data set we can use."""


class ConfigError(CRRError):
    """A setting outside its range, or settings that contradict each other."""


class EncoderError(CRRError):
    """An encoder that does not exist, or whose weights cannot be had."""


class CheckpointError(CRRError):
    """A checkpoint that is missing, damaged or foreign."""


class NewerFormatError(CheckpointError):
    """A checkpoint written by a newer version of this library."""


class DeviceError(CRRError):
    """A device that this machine does not have, or that ran out of memory."""


class HubError(CRRError):
    """A model on the Hugging Face Hub that cannot be had, or not be published."""


class StoppedError(CRRError):
    """Work that somebody stopped."""


class WriteError(CRRError):
    """A file that cannot be written."""


class TrainingError(CRRError):
    """A training run that cannot start, resume or go on."""
