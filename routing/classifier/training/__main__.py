"""``python -m routing.classifier.training [FOLDER]``: make a classifier bundle from the labelled prompts.

With ``--parts`` it writes the parts of the data into the folder instead: training, calibration, set aside, held out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from routing.classifier.training.examples import write_parts

BUNDLE_DIR = Path(__file__).parents[1] / "bundle"

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m routing.classifier.training", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=BUNDLE_DIR, help="where the bundle goes")
    parser.add_argument("--threads", type=int, default=1, help="more than one pays on an idle machine only")
    parser.add_argument("--parts", action="store_true", help="write the data's parts there, and train nothing")
    arguments = parser.parse_args()
    if arguments.parts:
        write_parts(arguments.folder)
    else:
        from routing.classifier.training.train import train_bundle  # needs PyTorch, which the parts do not

        train_bundle(arguments.folder, threads=arguments.threads)
