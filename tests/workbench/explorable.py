"""A small real model with normal images beside it and a network that paints its features."""

from pathlib import Path

import cv2

import crr
from crr.checkpoint import describe, save
from crr.engine import inspect_batch
from crr.inversion import InversionConfig, create_inversion
from crr.inversion_checkpoint import save_inversion
from tests.crr.tiny import ENCODER, calibrated_detector, good_images
from workbench.batch import Question
from workbench.comparison import Photo
from workbench.inspection import ImageFile, Inspector
from workbench.models import Models

NORMALS = 6


def write_models(folder: Path, normals: bool = True, painter: bool = True) -> Question:
    """Write the model "tiny" into a folder of checkpoints; returns the question to it."""
    detector = calibrated_detector()
    save(detector, folder / "tiny", "# Tiny")
    if normals:
        for category in detector.categories:
            for number, image in enumerate(good_images(category, NORMALS, seed=7)):
                path = folder / "tiny" / "normals" / category / f"{number:03}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), image[..., ::-1])
    if painter:
        config = InversionConfig(encoder=ENCODER, encoder_digest=detector.encoder.digest, width=8, widest=8)
        network = create_inversion(config, detector.encoder.layers).eval()
        save_inversion(config, network, folder / "painter", "# Painter")
    return Question(describe(folder / "tiny"), "cpu")


def real_inspector() -> Inspector:
    """Asks the models of the folder."""
    return Inspector(Models(crr.load, 2**30), inspect_batch)


def photo_of(content: bytes, name: str = "part.png", key: str = "part") -> Photo:
    """A visitor's photo."""
    return Photo(
        key=key,
        own=True,
        name=name,
        label=None,
        open=lambda: ImageFile(name, lambda: content),
        inspect=lambda question, inspector, file: inspector.inspect_file(
            file, question.model, question.device
        ),
        copied=lambda question, inspector, file: inspector.copied_by(file, question.model, question.device),
    )
