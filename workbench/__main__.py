"""`python -m workbench`: what the workbench does without a browser."""

from crr.cli.streams import Command
from workbench.command import annotations

app = Command(
    help="The workbench without a browser.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(annotations.app, name="annotations")


@app.callback()
def main() -> None:
    """Options that stand before the command: none."""


if __name__ == "__main__":
    app(prog_name="python -m workbench")
