import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from crr.data.images import decode
from crr.errors import DeviceError, ImageError
from tests.workbench.fakes import CHOICE, MODEL, OTHER_MODEL, FakeLibrary, file_of, good_png, png
from workbench.basics.pictures import digest_of
from workbench.inspection.image_file import ImageFile, sample_file
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.samples import read_samples
from workbench.model_store.queues import DeviceQueues
from workbench.settings import Settings


def test_large_photos_are_decoded_and_inspected_one_at_a_time(library):
    at_work, most = [], []

    def slow_decode(content, name, **_):
        at_work.append(name)
        most.append(len(at_work))
        time.sleep(0.05)
        at_work.remove(name)
        return decode(content, name)

    inspector = library.inspector()
    files = [ImageFile(f"{n}.png", png, decode=slow_decode, is_large=True) for n in range(3)]
    with ThreadPoolExecutor(3) as sessions:
        list(sessions.map(lambda file: inspector.inspect(file, CHOICE), files))
    assert most == [1, 1, 1]


def test_an_image_file_becomes_a_picture_and_an_inspection(inspector):
    inspected = inspector.inspect(file_of(png(), "part.png"), CHOICE)
    assert inspected.inspection.verdict == "defective"
    assert (inspected.picture.digest, inspected.picture.size) == (digest_of(png()), (96, 128))
    assert inspected.picture.uri.startswith("data:image/jpeg;base64,")
    assert inspected.decode_milliseconds > 0
    assert inspected.nbytes > inspected.inspection.anomaly_map.nbytes + len(inspected.picture.uri)


def test_a_bad_file_reaches_no_model(inspector, library):
    with pytest.raises(ImageError, match=r"broken\.png"):
        inspector.inspect(file_of(png()[:100], "broken.png"), CHOICE)
    assert library.inspected == 0


def test_samples_are_inspected_once_a_model_and_device_for_all_sessions(inspector, library):
    sample = next(iter(read_samples(Settings().samples).values()))
    first = inspector.inspect(sample_file(sample), ModelChoice(MODEL, "cpu"), memo=sample.name)
    assert inspector.inspect(sample_file(sample), ModelChoice(MODEL, "cpu"), memo=sample.name) is first
    assert library.inspected == 1
    inspector.inspect(sample_file(sample), ModelChoice(OTHER_MODEL, "cpu"), memo=sample.name)
    inspector.inspect(sample_file(sample), ModelChoice(MODEL, "cuda:0"), memo=sample.name)
    assert library.inspected == 3


def test_what_a_visitor_brings_is_not_remembered_for_others(inspector, library):
    inspector.inspect(file_of(png(), "part.png"), CHOICE)
    inspector.inspect(file_of(png(), "part.png"), CHOICE)
    assert library.inspected == 2
    assert len(inspector._inspected) == 0


def test_one_queue_takes_images_in_the_order_of_arrival():
    queues, order, release = DeviceQueues(), [], threading.Event()
    sessions = [threading.Thread(target=queues.run, args=("cpu", release.wait))]
    sessions += [
        threading.Thread(target=queues.run, args=("cpu", lambda number=number: order.append(number)))
        for number in range(5)
    ]
    for session in sessions:
        session.start()
        time.sleep(0.005)
    release.set()
    for session in sessions:
        session.join()
    assert order == [0, 1, 2, 3, 4]


def test_a_session_with_many_images_lets_another_in_after_one_image():
    library = FakeLibrary(inspect_seconds=0.02)
    inspector = library.inspector()
    busy_done = threading.Event()

    def busy() -> None:
        for shade in range(20):
            inspector.inspect(file_of(good_png(shade), "many.png"), CHOICE)
        busy_done.set()

    thread = threading.Thread(target=busy)
    thread.start()
    time.sleep(0.05)
    before = library.inspected
    inspector.inspect(file_of(png(), "one.png"), CHOICE)
    assert library.inspected - before <= 3  # the one under way, perhaps the next, and ours
    assert not busy_done.is_set()
    thread.join()


def test_devices_do_not_wait_for_each_other():
    queues, release = DeviceQueues(), threading.Event()
    thread = threading.Thread(target=queues.run, args=("cpu", release.wait))
    thread.start()
    assert queues.run("cuda:0", lambda: "done") == "done"
    release.set()
    thread.join()


def test_an_error_reaches_the_session_that_caused_it_and_the_queue_goes_on():
    queues = DeviceQueues()

    def fail() -> None:
        raise DeviceError("out of memory")

    with pytest.raises(DeviceError, match="out of memory"):
        queues.run("cpu", fail)
    assert queues.run("cpu", lambda: "next") == "next"


def test_the_standard_damage_of_a_sample_is_measured_once_for_all_sessions(tiny_inspector, monkeypatch):
    sample, asked, ask = next(iter(read_samples(Settings().samples).values())), [], tiny_inspector.ask
    monkeypatch.setattr(tiny_inspector, "ask", lambda *given: asked.append(1) or ask(*given))
    first = tiny_inspector.standard_index(sample_file(sample), CHOICE, memo=sample.name)
    assert tiny_inspector.standard_index(sample_file(sample), CHOICE, memo=sample.name) is first
    assert len(asked) == 1
    tiny_inspector.standard_index(sample_file(sample), CHOICE)
    assert len(asked) == 2
