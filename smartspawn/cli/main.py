"""The commands and the options that stand before them."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from smartspawn.cli import checkup, choosing, diagnosis, site, working
from smartspawn.cli.config import read_config
from smartspawn.cli.faults import INTERRUPTED, USAGE, CliFault
from smartspawn.cli.here import environment, manage
from smartspawn.cli.show import tell
from smartspawn.lib.versions import own_version

app = typer.Typer(
    name="smartspawn",
    help="Which language model should do this task, and was that the right choice? "
    "Exit codes: 1 it failed, 2 wrong words, 3 nobody answers, 4 no key that reaches, 5 a limit, 6 it waits for a yes, "
    "130 Ctrl-C.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(own_version())
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    url: Annotated[str, typer.Option(help="The site's address; else SMARTSPAWN_URL, else the settings file.")] = "",
    is_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Read the settings for the command that follows."""
    ctx.obj = read_config(url=url, is_json=is_json)


for command in (
    *(site.up, site.start, site.stop, site.restart, site.status, site.logs),
    *(choosing.pick, choosing.recommend, choosing.compare, choosing.route),
    *(working.run, working.parallel, working.research, working.chain),
    *(working.approve, working.cancel, working.events, working.rate),
    *(checkup.bench, checkup.spend, checkup.digest, diagnosis.diagnose, checkup.setup),
):
    app.command()(command)


@app.command()
def mcp(
    user: Annotated[str, typer.Option(help="Whose runs and ratings these are; else the first active admin's.")] = "",
) -> None:
    """Speak the Model Context Protocol over standard input and output."""
    command = manage("mcp", *(("--user", user) if user else ()))
    os.execve(command[0], command, environment())  # noqa: S606 - our own program takes this one's place


def main() -> None:
    """Run the command that was asked for. ``--json`` may stand anywhere."""
    words = sys.argv[1:]
    if "--json" in words[1:] and "--" not in words:
        words = ["--json", *(word for word in words if word != "--json")]
    try:
        app(args=words)
    except CliFault as fault:
        tell(fault.message)
        sys.exit(fault.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # "smartspawn logs | head" has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:  # a file that an option names
        tell(f"{error.filename or 'A file'} cannot be used: {error.strerror}")
        sys.exit(USAGE)
    except UnicodeDecodeError:
        tell("What was given is no text in UTF-8.")
        sys.exit(USAGE)
