"""``make bench``: measure what the site must reach, and say on which machine and by which command.

Nothing here fails a test run: figures depend on the machine. The exit code is 1 when a target was missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.bench import chatting, choosing, classifier, creating, driving, ledger, measures, spending
from tests.bench.figures import machine

RUNS = 5


def main() -> int:
    """Run what was asked for; 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "what",
        nargs="*",
        help="first-page, pages, requests, choosing, classifier, ledger, caps, runs, "
        "runs-over-http, lost-prompts, creations, kills, chat, refresh; nothing: all",
    )
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--captures", type=Path, help="a folder of saved answers for the refresh")
    options = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="smartspawn-bench-") as folder:
        home, runs = Path(folder), options.runs
        measurements = {
            "first-page": lambda: measures.first_page(home, runs),
            "pages": lambda: measures.pages(home, runs),
            "requests": lambda: measures.requests(home, runs),
            "choosing": lambda: choosing.choosing(home, runs),
            "classifier": lambda: classifier.classification(runs),
            "ledger": lambda: ledger.speed(home, runs),
            "caps": lambda: ledger.crowds(home, runs),
            "runs": lambda: driving.speed(home, runs),
            "runs-over-http": lambda: driving.over_http(home, runs),
            "lost-prompts": lambda: driving.lost_prompts(home, runs),
            "chat": lambda: chatting.added(home, min(runs, 3)),
            "creations": lambda: creating.creations(home, min(runs, 3)),
            "kills": lambda: driving.kills(home, runs),
            "spend": lambda: spending.spending(home, runs),
            "refresh": lambda: measures.refresh(home, runs, options.captures) if options.captures else iter(()),
        }
        is_reached = True
        for name in options.what or measurements:
            for figure in measurements[name]():
                print(figure.line(), flush=True)
                is_reached = is_reached and figure.is_reached
    if not options.captures:
        print('The refresh needs saved answers: make bench ARGS="--captures DIR"')
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
