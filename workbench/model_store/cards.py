"""The models on this machine, with what their cards say of them."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from crr.checkpoints.card_metadata import card_in, known_metadata, licence_of, results_of, split_card
from crr.checkpoints.content import CARD, read_config
from crr.checkpoints.files import CheckpointInfo
from crr.hub import Pulled, Store
from crr.metrics.report import HEADINGS
from workbench.model_store import available


@dataclass(frozen=True, eq=False)
class LocalModel:
    """A model on this machine.

    Attributes:
        info: What its files say.
        pulled: How it came from the Hub; None if it came with the workbench or was trained here.
        layers: Numbers of its encoder's layers.
        metadata: Metadata of its card; empty if it has none that can be read.
        words: Words of its card, in Markdown.
    """

    info: CheckpointInfo
    pulled: Pulled | None
    layers: tuple[int, ...]
    metadata: Mapping[str, Any]
    words: str

    @property
    def results(self) -> dict[str, float]:
        """Metric to its value in [0, 1] over all categories; empty if it was not measured."""
        return results_of(self.metadata)

    @property
    def licence(self) -> str:
        """The licence that the model's card names; empty if it names none."""
        return licence_of(self.metadata)

    @property
    def place(self) -> str:
        """Where the model is from, in a word or two."""
        return "this machine" if self.pulled is None else "the Hub"

    @property
    def origin(self) -> str:
        """Where the model is from, and when it was pulled."""
        if self.pulled is None:
            return "on this machine"
        return f"pulled from {self.pulled.endpoint} on {self.pulled.when[:10]}"


def list_local_models() -> list[LocalModel]:
    """Every model on this machine, in the order of the choice of models.

    Raises:
        CheckpointError: There is none.
    """
    pulled = {str(one.name): one for one in Store().all()}
    return [
        _shelved(info, pulled.get(info.name), _changed(info.path / CARD))
        for info in available.find_models().values()
    ]


def _changed(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_mtime_ns
    return 0


@lru_cache(maxsize=256)
def _shelved(info: CheckpointInfo, pulled: Pulled | None, _card_changed: int) -> LocalModel:
    card = card_in(info.path) or ""
    layers = tuple(read_config(info.path).encoder.layers)
    return LocalModel(info, pulled, layers, known_metadata(card), split_card(card)[1])


def describe_figures(results: Mapping[str, float]) -> str:
    """The figures that people compare models by, in %; a sentence if there are none."""
    names = ("image_auroc", "pixel_ap", "aupro")
    shown = [f"{HEADINGS[name]} {100 * results[name]:.1f}" for name in names if name in results]
    return " · ".join(shown) if shown else "not measured"
