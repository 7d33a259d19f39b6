"""How fast the shipped classifier is, and how much it takes: a process of its own each time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from tests.bench.figures import ROOT, Figure

TIMES = 200
SCRIPT = """
import json, pathlib, resource, statistics, sys, time
began = time.perf_counter()
from routing.classifier.classify import Classifier
classifier = Classifier(pathlib.Path("routing/classifier/bundle"))
classifier.classify("fix the bug")
load_s = time.perf_counter() - began
engine = classifier._engine
def median_ms(words):
    times = []
    for number in range(int(sys.argv[1])):
        text = f"task{number} " + "fix the table " * words
        began = time.perf_counter()
        classifier.classify(text)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times), len(engine._tokenizer.encode(text))
short_ms, short_tokens = median_ms(18)
long_ms, long_tokens = median_ms(400)
resident_mib = int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024
print(json.dumps(locals(), default=str))
"""


def classification(runs: int) -> Iterator[Figure]:
    """Load, median time per text and resident memory, on one thread, nothing remembered."""
    said = [_measured() for _ in range(runs)]
    shown = f"python -c ... Classifier(bundle).classify(text), {TIMES} texts each never seen before"
    short, long = said[0]["short_tokens"], said[0]["long_tokens"]
    yield Figure(f"classify, {short} tokens", "ms", [s["short_ms"] for s in said], shown, at_most=3.5)
    yield Figure(f"classify, {long} tokens", "ms", [s["long_ms"] for s in said], shown, at_most=16)
    yield Figure("classifier: imports, load, self-test, first text", "s", [s["load_s"] for s in said], shown, at_most=1)
    yield Figure("classifier: resident memory", "MiB", [s["resident_mib"] for s in said], shown, at_most=200)


def _measured() -> dict[str, float]:
    command = [sys.executable, "-c", SCRIPT, str(TIMES)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    figures: dict[str, float] = json.loads(answer)
    return figures
