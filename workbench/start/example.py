"""The damage that the workbench opens with: strokes on a good part, at strengths from faint to strong.

`samples/start.json` holds it. `tools/start_example.py` chose it, because it shows the effect.
"""

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from crr.errors import DatasetError
from crr.runtime.validation import STRICT, Name, read_json
from workbench.components.strokes import Stroke
from workbench.painting.damage import Filling

FILE = "start.json"
POSITIONS = 7

Percent = Annotated[int, Field(gt=0, le=100)]


@dataclass(frozen=True, config=STRICT)
class StartExample:
    """A good sample, and the damage to it.

    Attributes:
        sample: Name of the sample.
        colour: CSS colour "#rrggbb" of the strokes.
        strengths: How much they cover what is below, in percent, from faint to strong.
        strength: The one that is shown first: there CRR finds the damage and the autoencoder misses it.
        strokes: In pixels of the sample.
    """

    sample: Name
    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
    strengths: Annotated[tuple[Percent, ...], Field(min_length=POSITIONS, max_length=POSITIONS)]
    strength: Percent
    strokes: Annotated[tuple[Stroke, ...], Field(min_length=1, max_length=20)]

    def filling(self, percent: int) -> Filling:
        """What the strokes are filled with at a strength."""
        return Filling(colour=self.colour, strength=percent / 100)


@cache
def read_example(folder: Path) -> StartExample:
    """The example of a folder of samples; raises `DatasetError` if it cannot be read."""
    path = folder / FILE
    try:
        # Through JSON, in which a list is what stands for a tuple.
        return TypeAdapter(StartExample).validate_python(read_json(path), strict=False)
    except (OSError, ValueError) as error:
        raise DatasetError(f"The example {path} cannot be read. Restore it from the repository.") from error
