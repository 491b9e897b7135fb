"""What all pages of this process share: who asks the models, what is usual for them, and what is on its way.

Each service is made when it is first asked for, once for all visitors. A test puts another object in place of
`SERVICES`.
"""

from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from streamlit.runtime import Runtime
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from workbench.basics.cache import OnceCache
from workbench.basics.rate_limit import AddressLimits
from workbench.exports.making import Making
from workbench.model_store.times import Times
from workbench.review_service.tickets import Tickets
from workbench.settings import MEGABYTE, settings

_OF_START = 16 * MEGABYTE  # for what is kept on the way to the answers of the page Start
_LESSON_BYTES = 32 * MEGABYTE  # for answers about the damage that the lesson begins with
_PAGES = 5  # that one address may have open before they wait for each other: a lecture room shares one

if TYPE_CHECKING:  # these need torch, and the gallery is on the screen before it is loaded
    from crr.models.detector import Detector
    from crr.types import Image
    from workbench.annotation.records import NewImage
    from workbench.annotation.store import AnnotationStore
    from workbench.inspection.inspector import Inspector
    from workbench.model_store.downloads import Downloads
    from workbench.model_store.uploads import Uploads
    from workbench.reference.cache import ReferenceCache
    from workbench.review_service.service import ReviewService
    from workbench.start.answers import StartAnswers


class Services:
    """The services of a process; thread-safe."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}
        self._lock = RLock()

    @property
    def inspector(self) -> "Inspector":
        """Asks models, for all sessions."""
        return self._once("inspector", lambda: _inspector(self.times))

    @property
    def times(self) -> Times:
        """How long models take for a photo here."""
        return self._once("times", Times)

    @property
    def references(self) -> "ReferenceCache":
        """What is usual for a model, for all sessions."""
        return self._once("references", lambda: _references(self.inspector))

    @property
    def downloads(self) -> "Downloads":
        """The models on their way from the Hub."""
        return self._once("downloads", _downloads)

    @property
    def uploads(self) -> "Uploads":
        """The model on its way to the Hub."""
        return self._once("uploads", _uploads)

    @property
    def making(self) -> Making:
        """Makes the files that visitors save."""
        return self._once("making", lambda: Making(settings().result_bytes, _held_in_files))

    @property
    def start_answers(self) -> "StartAnswers":
        """What both models of the page Start make of its example."""
        return self._once("start answers", lambda: make_start_answers(self.inspector, self.references))

    @property
    def lesson_answers(self) -> OnceCache:
        """What models make of the lesson's own damage: asked once for a whole class."""
        return self._once("lesson answers", lambda: OnceCache(_LESSON_BYTES))

    @property
    def annotations(self) -> "AnnotationStore":
        """Projects, and what was said in them."""
        return self._once("annotations", _annotations)

    @property
    def tickets(self) -> Tickets:
        """Which window may ask the review service."""
        return self._once("tickets", Tickets)

    @property
    def review(self) -> "ReviewService":
        """What the page Annotate asks while somebody reviews."""
        return self._once("review", lambda: _review(self.annotations, self.inspector, self.references))

    @property
    def address_limits(self) -> "AddressLimits":
        """How often each address may ask models, which is more often than one page."""
        return self._once("address limits", lambda: AddressLimits(_PAGES * settings().questions_per_minute))

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        with self._lock:
            if name not in self._made:
                self._made[name] = make()
            return self._made[name]


SERVICES = Services()


def services() -> Services:
    """The services of this process."""
    return SERVICES


def _inspector(times: Times) -> "Inspector":
    from crr.inference.engine import inspect_batch
    from workbench.inspection.inspector import Inspector, log_requests
    from workbench.model_store.loaded import Models

    if settings().request_log:
        log_requests()
    return Inspector(Models(_load, settings().model_bytes), inspect_batch, times=times)


def _load(path: str, device: str, make_room: Callable[[int], None]) -> "Detector":
    """A model, whose maker named an encoder: strangers' models fetch only what is allowed, with no token."""
    from crr.checkpoints.serialization import load
    from crr.hub import Store
    from crr.models.components.pretrained import fetching

    Store().note_use(Path(path))
    token, most = None if settings().share_token else False, settings().encoder_bytes or None
    with fetching(settings().model_allowed, token, most):
        return load(path, device, make_room)


def _references(inspector: "Inspector") -> "ReferenceCache":
    from workbench.reference.cache import ReferenceCache

    return ReferenceCache(inspector, settings().normals_bytes)


def _annotations() -> "AnnotationStore":
    from workbench.annotation.store import open_store

    return open_store(settings().data, settings().database_url)


def _review(
    store: "AnnotationStore", inspector: "Inspector", references: "ReferenceCache"
) -> "ReviewService":
    """Reviews with this machine's first device, and with images decoded as those of strangers."""
    from crr.runtime.devices import available_devices
    from workbench.inspection.uploads import sandbox
    from workbench.model_store.available import find_models
    from workbench.review_service.answers import ModelAnswers
    from workbench.review_service.asking import LocalModels
    from workbench.review_service.scoring import BackgroundScoring
    from workbench.review_service.service import ReviewService

    def open_image(image: "NewImage") -> "Image":
        return sandbox().decode(store.blobs.content(image), image.name, value_range=image.value_range)

    quarter = settings().session_bytes // 4
    asker = LocalModels(inspector, references, find_models, available_devices()[0], quarter)
    answers = ModelAnswers(store.scores, open_image, asker, quarter)
    return ReviewService(store, answers, BackgroundScoring(store, answers))


def _held_in_files() -> int:
    """Bytes of the files that pages refer to, or that were saved from them."""
    if not Runtime.exists():
        return 0
    storage = Runtime.instance().media_file_mgr._storage
    assert isinstance(storage, MemoryMediaFileStorage)
    return sum(part.byte_length for parts in storage.get_stats().values() for part in parts)


def make_start_answers(inspector: "Inspector", references: "ReferenceCache") -> "StartAnswers":
    """What both models of the page Start make of its example, asked through these."""
    from workbench.explanation.explorer import LayerExplorer
    from workbench.explanation.study_image import original
    from workbench.inspection.explanation_cache import ExplanationCache
    from workbench.inspection.image_file import sample_file
    from workbench.inspection.photo import SamplePhoto
    from workbench.inspection.samples import read_samples
    from workbench.lesson.demonstration import Demonstration
    from workbench.model_store.available import find_models
    from workbench.start.answers import StartAnswers, ask_both, scratched
    from workbench.start.example import read_example

    example = read_example(settings().samples)
    sample = read_samples(settings().samples)[example.sample]
    whole = original(SamplePhoto(sample), sample_file(sample))
    explorer = LayerExplorer(ExplanationCache(inspector, _OF_START), references, _OF_START)
    return StartAnswers(
        example,
        lambda percent: ask_both(
            Demonstration(explorer, find_models(), "cpu"), scratched(whole, example, percent)
        ),
    )


def _downloads() -> "Downloads":
    from workbench.model_store.downloads import Downloads

    return Downloads(_has_a_window)


def _uploads() -> "Uploads":
    from workbench.model_store.uploads import Uploads

    return Uploads()


def _has_a_window(visitor: str) -> bool:
    return not Runtime.exists() or Runtime.instance().is_active_session(visitor)
