"""Where the images of a project come from, as it is chosen on Annotate."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from crr.config import ValueRange
from workbench.annotation.errors import SourceError
from workbench.views.annotate import sources
from workbench.views.annotate.sources import FOLDER, Source, read_source


def test_which_value_is_white_can_be_chosen_where_the_images_do_not_say_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "services", lambda: SimpleNamespace(annotations=SimpleNamespace(blobs=None)))
    deep = np.linspace(0, 900, 2400).reshape(40, 60).astype(np.uint16)
    assert cv2.imwrite(str(tmp_path / "deep.png"), deep)
    with pytest.raises(SourceError, match=r"deep\.png does not say which value is white"):
        read_source(Source(FOLDER, str(tmp_path)), [])
    [found] = read_source(Source(FOLDER, str(tmp_path), value_range=ValueRange(0, 4095)), []).images
    assert found.image.value_range == ValueRange(0, 4095)
