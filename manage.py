#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smartspawn.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.configured or settings.DEBUG  # noqa: B018 - reads the settings now, where a fault can be told
    except (ImproperlyConfigured, OSError) as error:
        print(f"The settings cannot be used. {error}", file=sys.stderr)  # noqa: T201 - there is no logging yet
        sys.exit(2)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
