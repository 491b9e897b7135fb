"""What the commands share: errors as sentences, exit codes, and results as JSON."""

import errno
import json
import re
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec

import typer
from rich.console import Console
from rich.table import Table

from crr.cli.streams import is_closed
from crr.cli.terminal import ProgressStyle, echo, transferring, write
from crr.data.layouts.names import is_image_name
from crr.errors import ConfigError, CRRError, Remedy, StoppedError
from crr.runtime.interrupt import stop_on_interrupt
from crr.runtime.paths import expanded, real_path

if TYPE_CHECKING:
    from crr.config import ValueRange
    from crr.data.datasets import Dataset
    from crr.data.inventory.inventory import Inventory
    from crr.data.inventory.looking import OnError, Part
    from crr.hub import TransferCallback
    from crr.models.detector import Detector
    from crr.types import Progress

SOME_FAILED, BAD_INPUT, NO_VERDICT, INTERRUPTED = 1, 2, 3, 130
"""Exit codes; the third where images show no part that a model could judge."""

STDOUT = Path("-")

_WRITTEN_BY = "crr"
"""The key, in each result, of the version that wrote it; it comes first."""

Options = ParamSpec("Options")

_REMEDIES: dict[Remedy, str] = {
    "value_range": "Say it with --range LOW:HIGH.",
    "on_error": "What cannot be used is left out with --on-error skip.",
    "overwrite": "With --overwrite files of an earlier run are replaced.",
    "resume": "Go on with --resume, or start anew with --overwrite.",
    "workers": "Their number is set with --workers.",
}
"""The library's errors say what helps; these are the options for it, where a command has them."""


def user_errors(command: Callable[Options, None]) -> Callable[Options, None]:
    """A command of which errors of ours, and of the disk, are one sentence and exit code 2.

    Anything else is a defect.
    """
    options = signature(command).parameters

    @wraps(command)
    def explained(*arguments: Options.args, **given: Options.kwargs) -> None:
        try:
            command(*arguments, **given)
        except StoppedError as error:
            echo(str(error), error=True)
            raise typer.Exit(INTERRUPTED) from None
        except CRRError as error:
            remedy = f" {_REMEDIES[error.remedy]}" if error.remedy and error.remedy in options else ""
            _refuse(f"{error}{remedy}")
        except BrokenPipeError:  # who reads our output has gone: typer ends the command quietly
            raise
        except OSError as error:
            _refuse(_sentence_of(error))

    return explained


def _refuse(sentence: str) -> NoReturn:
    echo(f"Error: {sentence}", colour="red", error=True)
    raise typer.Exit(BAD_INPUT)


def _sentence_of(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    # A file that we write is named by a WriteError, so what is full and has no name is one of these.
    full = error.errno == errno.ENOSPC and not place
    advice = " Make room where the output goes, in /dev/shm or for temporary files." if full else ""
    return f"{place}{error.strerror or error}.{advice}"


def check_json_file(path: Path | None, progress: ProgressStyle, pictures: Path | None = None) -> None:
    """See before the work that its result can be written after it, in place of one of ours at most.

    Args:
        path: The file; None for none.
        progress: How progress is told.
        pictures: Folder that the same command writes to.

    Raises:
        ConfigError: It is no ordinary file, or holds anything but a result of ours, or is `pictures`, or an
            image by its name; or stdout is closed, or already taken by the progress.
        CRRError: Its folder cannot be written to.
    """
    if path == STDOUT and is_closed(sys.stdout):
        raise ConfigError("--json - writes to stdout, which is closed: give a file name to --json.")
    if path == STDOUT and progress == "json":
        raise ConfigError("--json - and --progress json both write to stdout: give a file name to --json.")
    if path is None or path == STDOUT:
        return
    check_file(path)
    if pictures is not None and real_path(path) == real_path(pictures):
        raise ConfigError(f"--json and --out are both {path}: give another file name to --json.")
    if is_image_name(path.name) or (path.exists() and not _is_ours(path)):
        raise ConfigError(
            f"{path} is no result of this crr, and would be lost: give another file name to --json."
        )


def _is_ours(path: Path) -> bool:
    """Whether a file is empty, or a result that `write_json` wrote."""
    with path.open("rb") as file:
        return bool(re.match(rb"\s*($|\{\s*\"%s\":)" % _WRITTEN_BY.encode(), file.read(100)))


def check_file(path: Path) -> None:
    """See before the work that a file can be written after it.

    Raises:
        ConfigError: It is no ordinary file.
        CRRError: Its folder cannot be written to.
    """
    from crr.runtime.files import check_writable

    if path.is_dir():
        raise ConfigError(f"{path} is a folder: give the name of a file.")
    if path.exists() and (not path.is_file() or path.parent == Path("/dev")):
        # Put in place of a device such as /dev/null, the result would break it for the whole machine.
        raise ConfigError(f"{path} is a device and no ordinary file: give the name of a file.")
    check_writable(path.parent)


def check_card(folder: Path) -> None:
    """See before the work that its figures can be written into a checkpoint's card after it.

    Raises:
        ConfigError: It was pulled: its card is its owner's; or the card cannot be read.
        CRRError: Its folder cannot be written to.
    """
    from crr.checkpoints.card_metadata import card_to_change
    from crr.checkpoints.files import PULLED
    from crr.runtime.files import check_writable

    if (folder / PULLED).exists():
        raise ConfigError(
            "This model is from the Hub, and its card is its owner's. To write figures into your own, "
            f"copy it first: cp -r {folder} checkpoints/NAME && rm checkpoints/NAME/{PULLED}"
        )
    card_to_change(folder)
    check_writable(folder)


def write_json(path: Path | None, values: dict[str, Any], progress: ProgressStyle) -> None:
    """Write a result as JSON to a file or to stdout; its first key says that it is ours.

    Without a file (None) a program that reads the progress gets it as the last line: {"result": {...}}.
    """
    from crr.runtime.files import write_text_atomically
    from crr.runtime.version import version

    result = {_WRITTEN_BY: version(), **values}
    if path is None:
        if progress == "json":
            write(json.dumps({"result": result}) + "\n")
        return
    text = json.dumps(result, indent=2) + "\n"
    if path == STDOUT:
        write(text)
    else:
        write_text_atomically(path, text)


def show_table(
    result: dict[str, Any], json_file: Path | None, progress: ProgressStyle, table: Callable[[Any], Table]
) -> None:
    """Print a result as a table where that disturbs no JSON; after it was written, as the reader may go."""
    if is_for_a_person(json_file, progress):
        Console().print(table(result))


def is_for_a_person(json_file: Path | None, progress: ProgressStyle) -> bool:
    """Whether stdout holds no JSON, so that a person may be told something there."""
    return progress != "json" and json_file != STDOUT


@contextmanager
def transfer_progress(
    stage: str, style: ProgressStyle
) -> "Iterator[tuple[TransferCallback | None, threading.Event]]":
    """What a pull or a push (the `stage`) tells how far it is, and what stops it: the first Ctrl-C."""
    from crr.hub import quiet

    quiet()
    with stoppable("Stopping.") as stop, transferring(stage, style) as tell:
        yield tell, stop


@contextmanager
def stoppable(sentence: str) -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, which says `sentence`; the second leaves at once."""
    stop = threading.Event()
    with stop_on_interrupt(stop, lambda: echo(f"{sentence} Ctrl-C again leaves at once.", error=True)):
        yield stop


def model_folder(name: str, progress: ProgressStyle = "bar") -> Path:
    """The folder of `--model`; a model of the Hub that is not here yet is pulled.

    Raises:
        CRRError: There is none.
    """
    from crr.hub import Store, find

    here = {model.path for model in Store().all()}
    with transfer_progress("pull", progress) as (tell, stop):
        folder = find(expanded(name), tell, stop)
    for model in Store().all():
        if model.path == folder and folder not in here and progress == "bar":
            echo(f"Pulled {model.name}. {licence_sentence(model.licence)}", error=True)
    return folder


def looked_at(
    data: Path,
    categories: Sequence[str] | None,
    parts: "Sequence[Part]",
    on_error: "OnError",
    value_range: "ValueRange | None",
    style: ProgressStyle,
    report: "Callable[[Progress], None] | None",
    *,
    decode: bool = True,
) -> "tuple[Dataset, Inventory]":
    """Open a data set, and look at it as `looked_into` does."""
    from crr.data.datasets import open_dataset

    dataset = open_dataset(data, categories, allow_bare=True)
    return looked_into(dataset, parts, on_error, value_range, style, report, decode=decode)


def looked_into(
    dataset: "Dataset",
    parts: "Sequence[Part]",
    on_error: "OnError",
    value_range: "ValueRange | None",
    style: ProgressStyle,
    report: "Callable[[Progress], None] | None",
    *,
    decode: bool = True,
    tell: "Callable[[Inventory, ProgressStyle], None] | None" = None,
) -> "tuple[Dataset, Inventory]":
    """Look at the parts of a data set that are needed, and say in a few lines what there is.

    Masks that are missing count only where all test images are needed. Without `decode` deep images alone are
    decoded, where the files do not say which value is white. It is told by `tell`, else `say_what_is_there`.

    Returns:
        The part of it that can be worked on, and what was found.

    Raises:
        CRRError: It cannot be worked on; or an image cannot be used, and `on_error` is "stop".
    """
    from crr.data.inventory.looking import look_at_dataset, usable

    inventory = look_at_dataset(dataset, parts, value_range=value_range, decode=decode, progress=report)
    (tell or say_what_is_there)(inventory, style)
    if on_error == "stop" and "test" in parts:
        dataset.check_masks()
    return usable(dataset, inventory, on_error), inventory


def looked_at_for(
    detector: "Detector",
    data: Path,
    categories: "Sequence[str] | None",
    part: "Part",
    on_error: "OnError",
    value_range: "ValueRange | None",
    style: ProgressStyle,
    report: "Callable[[Progress], None] | None",
) -> "tuple[Dataset, Inventory]":
    """Look at one part of a data set as `looked_at` does, by the range of a detector, which is told it."""
    known = value_range or detector.value_range
    dataset, inventory = looked_at(data, categories, (part,), on_error, known, style, report)
    detector.value_range = inventory.value_range or known  # of which pairs may have need, and the set none
    return dataset, inventory


def look_at_pairs(pairs: Path | None, value_range: "ValueRange | None", style: ProgressStyle) -> None:
    """Say how photos of pairs are read that do not say which value is white; what is wrong is said later."""
    from crr.data.inventory.looking import look_at_files
    from crr.data.inventory.sentences import range_lines
    from crr.identity.pairs import photos_of_pairs

    if pairs is None or style == "json":
        return
    with suppress(CRRError):
        for line in range_lines(look_at_files(photos_of_pairs(pairs), value_range=value_range), "--range"):
            echo(f"Pairs: {line}", error=True)


def say_what_is_there(inventory: "Inventory", style: ProgressStyle) -> None:
    """Tell a person, on stderr, what a look before the work has found; a program reads the result."""
    from crr.data.inventory.sentences import lines

    if style != "json":
        for line in lines(inventory, range_choice="--range"):
            echo(line, error=True)


def tell_what_is_there(inventory: "Inventory", style: ProgressStyle) -> None:
    """Say it to a person, or to a program where no result will hold it: one more line of the progress."""
    say_what_is_there(inventory, style)
    if style == "json":
        print(json.dumps({"data": inventory.as_json()}), flush=True)


def licence_sentence(licence: str) -> str:
    """Under which licence a pulled model came; `licence` is empty if its card names none."""
    return f"Licence: {licence or 'its card names none, so ask its owner before you use it'}"


def command_line(
    name: str,
    options: Sequence[str],
    dataset: "Dataset",
    categories: Sequence[str] | None,
    more: Sequence[str] = (),
) -> str:
    """A command as anybody can run it again, without the paths of this machine."""
    chosen = [part for category in categories or () for part in ("--category", category)]
    return shlex.join(["crr", name, *options, "--data", dataset.root.name, *chosen, *more])
