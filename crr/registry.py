"""Name to method: a new method is one file and one line here."""

from crr.config import DetectorConfig
from crr.detector import CRR, Detector
from crr.encoders import Encoder
from crr.errors import ConfigError

METHODS: dict[str, type[Detector]] = {
    "crr": CRR,
}


def create(config: DetectorConfig, encoder: Encoder | None = None) -> Detector:
    """The detector that a config describes, untrained, in eval mode.

    Raises:
        ConfigError: No such method, or its settings do not fit the encoder.
    """
    if config.method not in METHODS:
        raise ConfigError(f"There is no method {config.method!r}; there are: {', '.join(METHODS)}.")
    return METHODS[config.method](config, encoder).eval()
