"""Parts that were reviewed: what was said of them, and their images."""

from pathlib import Path

import cv2
import numpy as np

from workbench.annotation.masks import encode
from workbench.annotation.records import Region, Review

HEIGHT, WIDTH = 40, 60
RING = np.zeros((HEIGHT, WIDTH), bool)
RING[5:20, 10:30] = True
RING[10:15, 15:25] = False  # a hole
DOT = np.zeros((HEIGHT, WIDTH), bool)
DOT[30:33, 50:54] = True
FORMULA = '=HYPERLINK("http://elsewhere")'
SAID = {
    "line/ring.png": Review(
        "defective",
        (Region("dent", encode(RING)), Region("scratch", encode(DOT))),
        ("edge",),
        "major",
        FORMULA,
    ),
    "line/dot.png": Review("defective", (Region("dent", encode(DOT)),), note="ein Kratzer – <b>"),
    "line/fine.png": Review("good"),
    "line/fine2.png": Review("good"),
    "odd.png": Review("unsure"),
}


def write_image(path: Path, seed: int = 0, size: tuple[int, int] = (HEIGHT, WIDTH)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 255, (*size, 3), np.uint8))
