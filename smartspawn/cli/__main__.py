"""``python -m smartspawn.cli``."""

from smartspawn.cli.main import main

main()
