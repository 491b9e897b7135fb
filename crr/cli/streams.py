"""Output for any terminal: a sign that its encoding lacks becomes a plain one, and never an error.

Terminals that are not UTF-8 are common on Windows (cp932, cp1252) and under `LANG=C`, and so are outputs that
somebody closed. Nothing that a command found out may be lost to them.
"""

import codecs
import io
import os
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, TextIO, TypeVar

import typer
from typer.core import TyperCommand, TyperOption

from crr.runtime.interrupt import interrupt_at_any_end

_Function = TypeVar("_Function", bound=Callable[..., Any])

_WORKED_ON = ("--data", "--model", "--models", "--pairs", "--images", "--inversion")
"""Options of which somebody who gives two means both."""
_HANDLER = "crr.plain"
_PLAIN = str.maketrans(
    dict.fromkeys("–—−\u2010\u2011─━╸╺╶╴", "-")
    | dict.fromkeys("│┃", "|")
    | dict.fromkeys("├└╭╮╰╯", "+")
    | dict.fromkeys("\u2018\u2019", "'")
    | dict.fromkeys("“”„", '"')
    | dict.fromkeys("\u00a0\u202f", " ")
    | {"…": "...", "×": "x", "·": "*", "•": "*", "→": "->"}
)
"""Signs that we print ourselves, or that stand in help and names, and what stands for them."""


class OnceEach(TyperCommand):
    """A command that says which option was given twice, of which only the last one counts.

    Of the options that name what to work on, somebody may mean both: they are refused.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; raises `typer.BadParameter` with the option that somebody may mean twice."""
        asks_for_help = ctx.resilient_parsing or any(name in args for name in self.get_help_option_names(ctx))
        _, _, order = ({}, [], []) if asks_for_help else self.make_parser(ctx).parse_args(args=list(args))
        for option, count in Counter(order).items():
            if isinstance(option, TyperOption) and not (option.multiple or option.is_flag) and count > 1:
                name = max(option.opts, key=len)
                if name in _WORKED_ON:
                    raise typer.BadParameter(f"{name} is given {count} times, and one is read: give it once.")
                print(f"{name} is given {count} times: the last one counts.", file=sys.stderr)
        return super().parse_args(ctx, args)


class Command(typer.Typer):
    """A command whose output any terminal can show: help, tables, bars, errors and names of files."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[_Function], _Function]:
        """What registers a function as a command, as `typer.Typer` does."""
        return super().command(name, cls=OnceEach, **options)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Run it with the arguments of the process."""
        prepare_streams()
        interrupt_at_any_end()
        if "" in sys.argv[1:]:  # "." to most options, and not what was meant
            print(
                "Error: An argument is empty, perhaps a variable that is not set: give its value.",
                file=sys.stderr,
            )
            raise SystemExit(2)
        return super().__call__(*arguments, **options)


def prepare_streams() -> None:
    """Have stdout and stderr replace what they cannot encode; one that is closed swallows what is written."""
    codecs.register_error(_HANDLER, _replace)
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # the next file that is opened would get its number, and our output with it
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif isinstance(stream, io.TextIOWrapper) and name != "stdin":
            stream.reconfigure(errors=_HANDLER)


def is_closed(stream: TextIO) -> bool:
    """Whether somebody closed a stream before the command began, as `>&-` does, and ours stands in for it."""
    return stream.name == os.devnull


def plain(text: str) -> str:
    """The text in ASCII: its other signs replaced by plain ones that look alike, the rest by escapes."""
    return text.translate(_PLAIN).encode("ascii", "backslashreplace").decode("ascii")


def _replace(error: UnicodeError) -> tuple[str, int]:
    """What stands for the signs that could not be encoded, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain(error.object[error.start : error.end]), error.end
