"""What the commands get from the options that stand before them."""

from __future__ import annotations

import typer

from smartspawn.cli.client import Api
from smartspawn.cli.config import Config
from smartspawn.cli.faults import USAGE, CliFault


def config_of(ctx: typer.Context) -> Config:
    """The settings in force. Raises CliFault for a file of them that cannot be read."""
    config = settings_of(ctx)
    if config.problem:
        raise CliFault(f"{config.problem}. Mend it, or write it anew: smartspawn setup", USAGE)
    return config


def settings_of(ctx: typer.Context) -> Config:
    """The settings in force, for those commands that can do without the file."""
    config = ctx.obj
    if not isinstance(config, Config):
        raise TypeError("A command was called without its settings.")
    return config


def api_of(ctx: typer.Context) -> Api:
    """The site."""
    return Api(config_of(ctx))


def wants_json(ctx: typer.Context) -> bool:
    """Whether a program reads what we print."""
    return settings_of(ctx).is_json
