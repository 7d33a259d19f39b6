"""What the commands get from the options that stand before them."""

from __future__ import annotations

import typer

from smartspawn.cli.client import Api
from smartspawn.cli.config import Config


def config_of(ctx: typer.Context) -> Config:
    """The settings in force."""
    config = ctx.obj
    if not isinstance(config, Config):
        raise TypeError("A command was called without its settings.")
    return config


def api_of(ctx: typer.Context) -> Api:
    """The site."""
    return Api(config_of(ctx))


def wants_json(ctx: typer.Context) -> bool:
    """Whether a program reads what we print."""
    return config_of(ctx).is_json
