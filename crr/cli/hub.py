"""The commands `pull`, `push`, `remove` and `models`: models here and on the Hugging Face Hub."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console

from crr.cli import options as option
from crr.cli.support import (
    STDOUT,
    check_json_file,
    licence_sentence,
    model_folder,
    transfer_progress,
    user_errors,
    write_json,
)
from crr.cli.tables import checkpoints_table, hub_table
from crr.cli.terminal import echo, write
from crr.errors import ConfigError, HubError

if TYPE_CHECKING:
    from crr.hub import HubName, Pulled


@user_errors
def pull(name: option.HubModel, progress: option.ProgressFormat = "bar") -> None:
    """Bring a model from the Hugging Face Hub here, or update it; Ctrl-C keeps what has arrived."""
    from crr.hub import Hub

    asked, hub = _parsed(name), Hub()
    before = hub.store.find(asked)
    here = {model.path for model in hub.store.all()}
    with transfer_progress("pull", progress) as (tell, stop):
        pulled = hub.pull(asked, tell, stop)
    if progress == "json":
        result = {
            "stage": "pulled",
            "name": str(pulled.name),
            "commit": pulled.commit,
            "path": str(pulled.path),
            "licence": pulled.licence,
            "before": before.commit if before is not None else None,
        }
        print(json.dumps(result))
    else:
        echo(f"{pulled.name}: {pulled.path}")
        echo(_what_changed(asked, before, pulled, was_here=pulled.path in here))
        echo(licence_sentence(pulled.licence))
        echo(f"Try it: crr predict --model {pulled.name} IMAGE --out results")


def _parsed(name: str) -> "HubName":
    from crr.hub import HubName

    parsed = HubName.parse(name)
    if parsed is None:
        raise ConfigError(f"{name!r} is no name on the Hub: write OWNER/NAME or OWNER/NAME@REVISION.")
    return parsed


def _what_changed(asked: "HubName", before: "Pulled | None", pulled: "Pulled", *, was_here: bool) -> str:
    from huggingface_hub import constants

    from crr.hub import size_of

    if before is not None and before.commit != pulled.commit:
        return f"Updated: it was {before.name} before, which stays here too."
    if not was_here:
        return f"Pulled {size_of(pulled.bytes)}."
    if asked.means(pulled.commit):
        return "It was here already."
    if constants.HF_HUB_OFFLINE:
        return "It was here already. HF_HUB_OFFLINE forbids to ask whether there is a newer one."
    return f"It was here already: {asked.revision or 'main'} has nothing newer."


@user_errors
def push(
    folder: option.PushedModel,
    name: option.HubRepo,
    private: option.Private = False,
    licence: option.Licence = None,
    normals: option.PublishNormals = False,
    message: option.Message = None,
    preview: option.Preview = False,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Publish a checkpoint on the Hugging Face Hub: config, weights, and the model card with its metadata."""
    from crr.hub import Hub, Publication

    repo = _parsed(name)
    publication = Publication(model_folder(folder), repo, private, licence, normals, message)
    card = publication.card()
    if preview:
        write(card)
        for sentence in publication.lacks(card):
            echo(sentence, error=True)
        return
    with transfer_progress("push", progress) as (tell, stop):
        published = Hub().push(publication, tell, stop)
    if progress == "json":
        result = {"stage": "pushed", "name": str(published.name), "commit": published.name.revision}
        print(json.dumps(result | {"url": published.url, "before": published.before}))
        return
    echo(published.sentence)
    for sentence in publication.lacks(card):
        echo(sentence)
    photos = len(publication.photos)
    if photos and not normals:
        files = "file" if photos == 1 else "files"
        echo(
            f"{photos} {files} in its folder normals/ stayed here; --normals publishes them too, if their "
            "licences allow it."
        )


@user_errors
def remove(name: option.HubModel) -> None:
    """Remove a pulled model from this machine; without a revision, all of its revisions."""
    from crr.hub import Store, size_of

    store, asked = Store(), _parsed(name)
    found = store.find(asked)
    doomed = (
        [found] if asked.revision is not None else [one for one in store.all() if one.name.repo == asked.repo]
    )
    if not any(doomed):
        raise HubError(f"{asked} is not among the models that were pulled: see crr models.")
    for pulled in filter(None, doomed):
        echo(f"Removed {pulled.name}; {size_of(store.delete(pulled))} are free.")


@user_errors
def models(
    hub: option.OnHub = False,
    search: option.SearchWord = "",
    json_file: option.JsonFile = None,
) -> None:
    """List the checkpoints that can be named: here, and with --hub those on the Hugging Face Hub."""
    from crr.checkpoints.files import list_checkpoints
    from crr.hub import Hub, Store, quiet

    quiet()
    check_json_file(json_file, "bar")
    store = Store()
    notes = {model.path: _note_on(model, store.revisions_of(model)) for model in store.all()}
    found = [*list_checkpoints(), *store.described()]
    found = [info for info in found if search.lower() in info.name.lower()]
    result = {"models": [{**asdict(info), "path": str(info.path)} for info in found]}
    listed = Hub().search(search) if hub else []
    if hub:
        result["hub"] = [
            {
                "name": str(model.name),
                "commit": model.commit,
                "licence": model.licence,
                "gated": model.gated,
                "downloads": model.downloads,
                **asdict(model.facts),
                "results": model.results,
            }
            for model in listed
        ]
    write_json(json_file, result, "bar")
    if json_file == STDOUT:
        return
    console = Console()
    if found:
        console.print(checkpoints_table(found, notes))
    else:
        echo(_none_here(search))
    if listed:
        console.print(hub_table(listed, {model.commit for model in store.all()}))
    elif hub:
        echo("There are no such models on the Hub.")


def _note_on(pulled: "Pulled", revisions: Sequence[str]) -> str:
    """When a model was pulled, and by which names besides its own it is found."""
    repo = pulled.name.repo
    names = [repo if revision == "main" else f"{repo}@{revision}" for revision in revisions]
    return f"pulled {pulled.when[:10]}" + (f", also called {' and '.join(names)}" if names else "")


def _none_here(search: str) -> str:
    from crr.checkpoints.files import checkpoint_folder

    if search:
        return f"No checkpoint on this machine has {search!r} in its name."
    return f"There are no checkpoints in {checkpoint_folder()}. Train one with: crr train"
