"""The commands `train-inversion`, `evaluate-inversion`, `anomalies` and `normals`: pictures to look at."""

from functools import partial
from pathlib import Path

from crr.cli import options as option
from crr.cli.support import (
    check_file,
    check_json_file,
    command_line,
    looked_at,
    looked_into,
    model_folder,
    show_table,
    stoppable,
    tell_what_is_there,
    user_errors,
    write_json,
)
from crr.cli.tables import inversion_table
from crr.cli.terminal import echo, reporting
from crr.errors import CheckpointError, ConfigError
from crr.runtime.paths import expanded, real_path


@user_errors
def train_inversion(
    data: option.Data,
    out: option.InversionFolder,
    model: option.Model = "crr-embedded",
    category: option.Category = None,
    iterations: option.InversionIterations = 2000,
    batch_size: option.InversionBatchSize = 4,
    seed: option.Seed = 0,
    workers: option.Workers = None,
    value_range: option.Range = None,
    device: option.Device = "auto",
    overwrite: option.Overwrite = False,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Train the network that paints pictures of a model's features; Ctrl-C leaves it usable."""
    from crr.checkpoints.content import CONFIG as CHECKPOINT, read_config
    from crr.data.datasets import check_training, open_dataset
    from crr.inversion.card import inversion_card
    from crr.inversion.checkpoint import CONFIG, save_inversion
    from crr.inversion.training import train_inversion as run
    from crr.runtime.files import claimed

    with claimed(out):
        if (out / CHECKPOINT).exists():
            raise ConfigError(f"{out} holds a checkpoint: give the inversion network a folder of its own.")
        if (out / CONFIG).exists() and not overwrite:
            raise ConfigError(
                f"{out} holds an inversion network already: give another folder, or --overwrite."
            )
        dataset = open_dataset(data, category, allow_bare=True)
        check_training(dataset)
        encoder = read_config(model_folder(model, progress)).encoder
        with stoppable("Stopping: saving what was learnt so far.") as stop, reporting(progress) as report:
            config, network = run(
                dataset,
                encoder,
                iterations=iterations,
                batch_size=batch_size,
                seed=seed,
                device=device,
                workers=1 if workers is None else workers,
                value_range=value_range,
                progress=report,
                stop=stop,
                tell=partial(tell_what_is_there, style=progress),
            )
        counts = {entry.name: len(entry.train) for entry in dataset.categories}
        save_inversion(config, network, out, inversion_card(config, counts))
    if progress != "json":
        echo(f"Done: {out}. The workbench finds it if it lies in its folder of checkpoints.")


@user_errors
def evaluate_inversion(
    data: option.Data,
    inversion: option.Inversion = "inversion-embedded",
    models: option.Models = "crr-embedded,autoencoder-embedded",
    json_file: option.JsonFile = None,
    category: option.Category = None,
    device: option.Device = "auto",
    card: option.Card = False,
    on_error: option.OnError = "stop",
    value_range: option.Range = None,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Measure how well an inversion network paints damage, and what it paints of models' answers."""
    from crr.checkpoints.distinct_names import distinct_names
    from crr.checkpoints.serialization import load
    from crr.inversion.card import write_inversion_figures
    from crr.inversion.checkpoint import load_inversion, read_inversion
    from crr.inversion.evaluation import measure_inversion

    check_json_file(json_file, progress)
    folder = _folder_of(expanded(inversion))
    folders = [model_folder(name, progress) for name in option.names_of(models)]
    detectors = []
    for name, checkpoint in zip(distinct_names(folders), folders, strict=True):
        detectors.append(load(checkpoint, device))
        detectors[-1].name = name
    network = load_inversion(folder, detectors[0].encoder)
    for detector in detectors[1:]:
        load_inversion(folder, detector.encoder)  # says so if it has another encoder
    kept = [read_inversion(folder).value_range, *(detector.value_range for detector in detectors)]
    known = value_range or next(filter(None, kept), None)
    with reporting(progress) as report:
        dataset, looked = looked_at(
            data, category, ("good test",), on_error, known, progress, report, decode=False
        )
        result = measure_inversion(
            network, detectors, dataset, value_range=looked.value_range or known, progress=report
        ).as_json()
    result["data"] = looked.as_json()
    write_json(json_file, result, progress)
    if card:
        command = command_line(
            "evaluate-inversion",
            ["--inversion", folder.name, "--models", ",".join(detector.name for detector in detectors)],
            dataset,
            category,
        )
        write_inversion_figures(folder, result, command)
    show_table(result, json_file, progress, inversion_table)


@user_errors
def anomalies(
    data: option.Data,
    out: option.Sheet,
    category: option.Category = None,
    count: option.Count = 8,
    seed: option.Seed = 0,
    size: option.PictureSize = 224,
    textures: option.Textures = None,
    foreground_only: option.ForegroundOnly = False,
    on_error: option.OnError = "stop",
    value_range: option.Range = None,
) -> None:
    """Show the synthetic damage that training uses, as a contact sheet."""
    from crr.data.datasets import check_training, open_dataset
    from crr.visualization.contact_sheet import is_sheet, write_sheet

    check_file(out)
    if out.suffix.lower() != ".png":
        raise ConfigError(f"{out}: a sheet is a PNG, so call it one (.png).")
    if out.exists() and not is_sheet(out):
        raise ConfigError(f"{out} is no sheet of crr, and would be lost: give another name to --out.")
    dataset = open_dataset(data, category, allow_bare=True)
    check_training(dataset)
    if real_path(out).parent in {
        sample.path.parent for entry in dataset.categories for sample in entry.train
    }:
        raise ConfigError(f"{out} lies among the photos, and would be taken for one: give another --out.")
    dataset, looked = looked_into(dataset, ("train",), on_error, value_range, "bar", None, decode=False)
    write_sheet(
        dataset,
        out,
        count=count,
        seed=seed,
        size=size,
        textures=textures,
        foreground_only=foreground_only,
        value_range=looked.value_range,
    )
    echo(f"Wrote {out}")


@user_errors
def normals(
    model: option.Model,
    data: option.Data,
    category: option.Category = None,
    count: option.Normals = 16,
    on_error: option.OnError = "stop",
    value_range: option.Range = None,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Put normal images beside a checkpoint, to compare patches with: those held back from its training."""
    from crr.checkpoints.content import read_config
    from crr.checkpoints.files import NORMALS
    from crr.checkpoints.normals import held_back_normals, keep_normals
    from crr.data.datasets import check_training, open_dataset

    folder = model_folder(model, progress)
    config = read_config(folder)
    dataset = open_dataset(data, category, allow_bare=True)
    check_training(dataset)
    unknown = [entry.name for entry in dataset.categories if entry.name not in config.categories]
    if unknown:
        raise ConfigError(
            f"{folder.name} does not know the category {unknown[0]}; it knows: "
            f"{', '.join(config.categories)}. Choose with --category."
        )
    known = value_range or config.value_range
    with reporting(progress) as report:
        dataset, looked = looked_into(
            dataset, ("train",), on_error, known, progress, report, decode=False, tell=tell_what_is_there
        )
        held_back = held_back_normals(dataset, config.training.validation_share, config.training.seed)
        keep_normals(folder, held_back, config.encoder, count, report, value_range=looked.value_range)
    if progress != "json":
        echo(f"Wrote {folder / NORMALS}")


def _folder_of(name: Path) -> Path:
    from crr.checkpoints.files import checkpoint_folder

    folder = name if name.is_dir() else checkpoint_folder() / name
    if not folder.is_dir():
        raise CheckpointError(
            f"There is no inversion network {str(name)!r}, neither as a folder nor by name."
        )
    return folder.resolve()
