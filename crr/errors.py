"""Every error that `crr` raises on purpose.

Each message is one or two sentences for the person at the screen: what was given, what is allowed,
what to do next. Command line and workbench show the message and nothing else.

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


class CRRError(Exception):
    """Root of the tree; its text is meant for the user."""


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
