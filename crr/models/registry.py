"""Name to method: a new method is one file and one line here."""

from collections.abc import Iterable
from dataclasses import replace

from crr.config import DetectorConfig
from crr.errors import ConfigError
from crr.models.autoencoder import Autoencoder
from crr.models.components.encoder import Encoder
from crr.models.crr import CRR
from crr.models.detector import Detector
from crr.models.dinomaly import Dinomaly
from crr.models.gaussian import Gaussian
from crr.models.padim import PaDiM
from crr.models.patchcore import PatchCore
from crr.models.reverse_distillation import ReverseDistillation
from crr.models.uniad import UniAD

METHODS: dict[str, type[Detector]] = {
    "crr": CRR,
    "autoencoder": Autoencoder,
    "dinomaly": Dinomaly,
    "rd": ReverseDistillation,
    "uniad": UniAD,
    "gaussian": Gaussian,
    "padim": PaDiM,
    "patchcore": PatchCore,
}


def configured(config: DetectorConfig, method: str) -> DetectorConfig:
    """A preset's config with the settings that make it that method.

    Raises:
        ConfigError: There is no such method.
    """
    return replace(_method(method).configured(config), method=method)


def check_choices(method: str, names: Iterable[str]) -> None:
    """See that what somebody chose for a training makes a difference to the method.

    Raises:
        ConfigError: There is no such method, or one of the choices has no effect on it.
    """
    for name in names:
        if name not in _method(method).choices:
            raise ConfigError(f"The choice of {name} has no effect on the method {method}: leave it out.")


def create(config: DetectorConfig, encoder: Encoder | None = None) -> Detector:
    """The detector that a config describes, untrained, in eval mode.

    Raises:
        ConfigError: No such method, or its settings do not fit it or the encoder.
    """
    return _method(config.method)(config, encoder).eval()


def _method(name: str) -> type[Detector]:
    if name not in METHODS:
        raise ConfigError(f"There is no method {name!r}; there are: {', '.join(METHODS)}.")
    return METHODS[name]
