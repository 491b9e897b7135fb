"""Attacks with photos: small files that take long or much to decode, by visitors who do not wait for it."""

from tests.attack.kinds.pictures import deep_png, jpeg_of_scans, tiff_of_strips
from tests.attack.stage import Stage, own_address, told
from tests.attack.visitor import Refused

_LONGEST = 60.0  # seconds that one of them waits
_A_MOMENT = 5.0


def strips(stage: Stage) -> str:
    """One TIFF of 64 x 64 pixels in 40 million strips, which their visitor does not wait for."""
    photo = tiff_of_strips(stage.size.of(40_000_000))
    visitor = stage.visitor(patience=_LONGEST)
    visitor.open()
    return told(visitor.upload(("strips.tiff", photo)).said)


def scans(stage: Stage) -> str:
    """Progressive JPEGs of ten thousand scans, of six visitors who leave before they are decoded."""
    photo = jpeg_of_scans(stage.size.of(10_000))
    return _six(stage, "scans.jpg", photo, _A_MOMENT)


def depth(stage: Stage) -> str:
    """PNGs of 64 megapixels and 16 bits, of six visitors at once."""
    side = 8000 if stage.size.scale >= 0.5 else stage.size.of(16_000)
    return _six(stage, "deep.png", deep_png(side), _LONGEST)


def _six(stage: Stage, name: str, photo: bytes, patience: float) -> str:
    def work(number: int) -> str:
        visitor = stage.visitor(own_address(number))
        visitor.open()
        visitor.patience = patience
        try:
            return told(visitor.upload((name, photo)).said)
        except Refused as refusal:
            visitor.leave()
            return str(refusal)

    return stage.together(6, work)
