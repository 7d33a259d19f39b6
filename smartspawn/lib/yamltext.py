"""YAML from strangers: read whole, or refused with the line that is wrong."""

from __future__ import annotations

from typing import Final

import yaml

from smartspawn.lib.errors import InvalidBody

LONGEST_TEXT: Final = 500_000  # some four thousand entries; more is a mistake or an attack
DEEPEST: Final = 10
# The C loader is some ten times as fast; it is part of every wheel, but not of every build from source.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> object:
    """What the text says. Raises InvalidBody, naming the line where it can, for anything else than plain YAML."""
    if len(text) > LONGEST_TEXT:
        raise InvalidBody(f"The file has more than {LONGEST_TEXT:,} characters.")
    try:
        _check_depth(text)
        loaded: object = yaml.load(text, Loader=_LOADER)  # noqa: S506  both are safe loaders
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise InvalidBody(f"Line {line}: {fault.problem or 'this is not YAML'}.") from fault
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        raise InvalidBody("This cannot be read as YAML.") from fault
    return loaded


def _check_depth(text: str) -> None:
    """Refuse what multiplies or nests before anything recurses into it; the C loader would crash the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise InvalidBody(f"Line {line}: references (*name) are not read here.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise InvalidBody(f"Line {line}: this is nested too deeply.")
