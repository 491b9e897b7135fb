"""A small real model with normal images beside it and a network that paints its features."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

import crr
from crr.checkpoints.files import describe
from crr.checkpoints.serialization import save
from crr.data.images import encode_png
from crr.inference.engine import inspect_batch
from crr.inference.explanation import FeatureMask
from crr.inversion.checkpoint import save_inversion
from crr.inversion.network import InversionConfig, create_inversion
from tests.crr.tiny import ENCODER, calibrated_detector, good_images, scratched
from workbench.explanation.cache import ExplanationCache
from workbench.explanation.explorer import explore
from workbench.explanation.location import Location
from workbench.explanation.study_image import shown_as_it_is, shown_damaged
from workbench.inspection.image_file import ImageFile
from workbench.inspection.inspector import Inspector, ModelChoice
from workbench.inspection.photo import Photo
from workbench.model_store.loaded import Models
from workbench.painting.damage import Damaged
from workbench.painting.workshop import DamagedPart, PaintedPart
from workbench.reference.cache import ReferenceCache

NORMALS = 6
MIDDLE = Location(0.5, 0.5, 0.5, 0.5)


def write_models(folder: Path, normals: bool = True, painter: bool = True) -> ModelChoice:
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
    return ModelChoice(describe(folder / "tiny"), "cpu")


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
        inspect=lambda choice, inspector, file: inspector.inspect_file(file, choice.model, choice.device),
        copied=lambda choice, inspector, file: inspector.copied_by(file, choice.model, choice.device),
    )


def nobody(*_):
    pass


class Room:
    """A model, a part, and a scratched copy of it: damaged by the visitor, and as a photo with a mask."""

    def __init__(self, folder, **models):
        self.choice = write_models(folder, **models)
        self.inspector = real_inspector()
        self.normality = ReferenceCache(self.inspector, 2**27)
        self.exploration = ExplanationCache(2**26)
        [self.clean] = good_images("plate", 1, seed=3)
        image, mask = scratched(self.clean, np.random.default_rng(3))
        self.image, self.mask = image, mask > 0
        self.part = PaintedPart(photo_of(encode_png(self.clean)), 2**26)
        made = Damaged(self.image, self.mask)
        self.damaged = shown_damaged(self.part, DamagedPart(made, self.part.picture, 0.0))
        self.whole = shown_as_it_is(photo_of(encode_png(self.clean)))
        mask_file = folder / "mask.png"
        mask_file.write_bytes(encode_png(self.mask.astype(np.uint8) * 255))
        photo = replace(photo_of(encode_png(self.image), key="scratched"), mask=mask_file)
        self.defective = shown_as_it_is(photo)

    def explore(self, shown, hidden=FeatureMask(), choice=None, **options):  # noqa: B008
        return explore(
            shown,
            choice or self.choice,
            self.inspector,
            self.normality,
            self.exploration,
            hidden,
            nobody,
            **options,
        )
