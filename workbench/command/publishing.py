"""`python -m workbench annotations publish`: an export as a data set on the Hugging Face Hub."""

import json
from pathlib import Path

from crr.cli.options import HubRepo, Private, ProgressFormat
from crr.cli.support import transfer_progress, user_errors
from crr.cli.terminal import echo
from workbench.annotation.exporting.hub import TAG
from workbench.command import options as option


@user_errors
def publish(
    folder: option.HubFolder,
    name: HubRepo,
    private: Private = False,
    message: option.CommitMessage = "Reviewed images",
    progress: ProgressFormat = "bar",
) -> None:
    """Publish what export --format hub wrote as a data set on the Hugging Face Hub, in one commit."""
    from crr.hub import DatasetPublication, Hub, HubName

    publication = DatasetPublication(Path(folder), HubName.parse(name), TAG, private, message)
    with transfer_progress("push", progress) as (tell, stop):
        published = Hub().push(publication, tell, stop)
    if progress == "json":
        result = {"stage": "pushed", "name": str(published.name), "commit": published.name.revision}
        print(json.dumps(result | {"url": published.url, "before": published.before}))
    else:
        echo(published.sentence)
