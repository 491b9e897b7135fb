"""A small real model with normal images beside it and a network that paints its features."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from crr.checkpoints.files import describe
from crr.checkpoints.serialization import load, save
from crr.data.images import encode_png
from crr.identity.index import IdentityIndex
from crr.inference.engine import inspect_batch
from crr.inversion.checkpoint import save_inversion
from crr.inversion.network import InversionConfig, create_inversion
from crr.types import Verdict
from tests.crr.tiny import ENCODER, calibrated_detector, good_images, scratched
from tests.workbench.fakes import file_of
from workbench.explanation.explorer import LayerExplorer
from workbench.explanation.location import Location
from workbench.explanation.study_image import original, painted
from workbench.inspection.explanation_cache import ExplanationCache
from workbench.inspection.image_file import ImageFile
from workbench.inspection.inspector import Inspected, Inspector, ModelChoice
from workbench.model_store.loaded import Models
from workbench.painting.damage import Damaged
from workbench.painting.session import DamagedPart, PaintedPart
from workbench.reference.cache import ReferenceCache

NORMALS = 6
MIDDLE = Location(0.5, 0.5, 0.5, 0.5)


def write_models(folder: Path, normals: bool = True, painter: bool = True) -> ModelChoice:
    """Write the model "tiny" into a folder of checkpoints; returns the choice of it."""
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
    return Inspector(Models(load, 2**30), inspect_batch)


@dataclass(frozen=True)
class OwnPhoto:
    """A visitor's photo; nothing that models say of it is remembered."""

    content: bytes
    name: str = "part.png"
    key: str = "part"
    own: bool = True
    label: Verdict | None = None
    mask: Path | None = None

    def open(self, _choice: ModelChoice | None = None) -> ImageFile:
        return file_of(self.content, self.name)

    def inspect(self, choice: ModelChoice, inspector: Inspector, file: ImageFile) -> Inspected:
        return inspector.inspect(file, choice)

    def standard_index(self, choice: ModelChoice, inspector: Inspector, file: ImageFile) -> IdentityIndex:
        return inspector.standard_index(file, choice)


def opened(photo: OwnPhoto) -> tuple[OwnPhoto, ImageFile]:
    """A photo and its file."""
    return photo, photo.open()


class Room:
    """A model, a part, and a scratched copy of it: damaged by the visitor, and as a photo with a mask."""

    def __init__(self, folder, **models):
        self.choice = write_models(folder, **models)
        self.inspector = real_inspector()
        self.references = ReferenceCache(self.inspector, 2**27)
        self.forget()
        [self.clean] = good_images("plate", 1, seed=3)
        image, mask = scratched(self.clean, np.random.default_rng(3))
        self.image, self.mask = image, mask > 0
        self.part = PaintedPart(*opened(OwnPhoto(encode_png(self.clean))))
        made = Damaged(self.image, self.mask)
        self.damaged = painted(self.part, DamagedPart(made, "damaged", self.part.picture, 0.0))
        self.whole = original(*opened(OwnPhoto(encode_png(self.clean))))
        mask_file = folder / "mask.png"
        mask_file.write_bytes(encode_png(self.mask.astype(np.uint8) * 255))
        photo = replace(OwnPhoto(encode_png(self.image), key="scratched"), mask=mask_file)
        self.defective = original(*opened(photo))

    def forget(self, limit: int = 2**26) -> None:
        self.explanations = ExplanationCache(self.inspector, limit)
        self.explorer = LayerExplorer(self.explanations, self.references, limit)

    def explore(self, study, mask=None, choice=None, **options):
        return self.explorer.explain(study, choice or self.choice, mask, **options)
