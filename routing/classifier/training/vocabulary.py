"""Move all-MiniLM-L6-v2's WordPiece vocabulary onto a SentencePiece model: serving then needs no second tokenizer.

The normalisation rules do what BERT's own pre-tokenizer does (lower case, no accents, punctuation and CJK signs set
apart), and every piece costs so much that the fewest pieces win, which is nearly always WordPiece's longest match.
Each piece therefore keeps the embedding it was pre-trained with.
"""

from __future__ import annotations

import math
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2

spm_proto: Any = sentencepiece_model_pb2  # its classes are made at run time, so no checker sees them

SPECIAL_PIECES = ("[PAD]", "[CLS]", "[SEP]", "[UNK]")  # the ids that spawn-router's model card fixes: 1 and 2
UNKNOWN_ID = SPECIAL_PIECES.index("[UNK]")
WORD_START = "▁"
PIECE_COST = 30.0  # above all other differences: the fewest pieces win
START_LENGTH_BONUS = 1.0  # then the longest first piece, as WordPiece cuts
RANK_COST = 0.1  # then the commoner pieces
FOREIGN_SIGN_MIN_COUNT = 3  # a sign that WordPiece does not know earns a piece, started from [UNK]
WORD_MIN_COUNT = 2  # a whole word that WordPiece cuts earns a piece of its own: the slips' lexicon are whole words
WORD_PIECES_MIN = 2
LAST_MAPPED_CODEPOINT = 0xFFFF


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The serialized SentencePiece model, and for each piece the WordPiece ids whose mean embedding it starts from."""

    model: bytes
    origins: tuple[tuple[int, ...], ...]


def build_vocabulary(wordpieces: Sequence[str], texts: Iterable[str], *, size: int) -> Vocabulary:
    """A SentencePiece model of at most `size` pieces: what the texts use first, then the commonest of the rest."""
    rules = _compiled_rules()
    everything = {piece: index for index, piece in enumerate(wordpieces) if _is_kept(piece)}
    full = _assemble(rules, [(_as_sentencepiece(p), (i,), i) for p, i in everything.items()])
    processor = spm.SentencePieceProcessor(model_proto=full.model)
    used: Counter[int] = Counter()
    words: Counter[str] = Counter()
    for text in texts:
        used.update(processor.encode(text))
        words.update(_words(processor.normalize(text)))
    whole = _cut_words(processor, words, full) + _unknown_signs(processor, words, full)
    by_use = sorted(range(len(SPECIAL_PIECES), len(full.origins)), key=lambda piece: (used[piece] == 0, piece))
    entries = [
        (processor.id_to_piece(piece), full.origins[piece], full.origins[piece][0])
        for piece in sorted(by_use[: size - len(whole) - len(SPECIAL_PIECES)])
    ]
    return _assemble(rules, entries + whole)


def _cut_words(
    processor: spm.SentencePieceProcessor, words: Counter[str], full: Vocabulary
) -> list[tuple[str, tuple[int, ...], int]]:
    """Words that WordPiece cuts: words of the trade (`kubectl`) and of other languages than English."""
    found = []
    for word, count in sorted(words.items()):
        if count < WORD_MIN_COUNT or not word.strip(WORD_START):
            continue
        pieces = processor.encode(word.replace(WORD_START, ""))
        if len(pieces) >= WORD_PIECES_MIN and UNKNOWN_ID not in pieces:
            origins = tuple(origin for piece in pieces for origin in full.origins[piece])
            found.append((word, origins, len(full.origins)))
    return found


def _unknown_signs(
    processor: spm.SentencePieceProcessor, words: Counter[str], full: Vocabulary
) -> list[tuple[str, tuple[int, ...], int]]:
    signs: Counter[str] = Counter()
    for word, count in words.items():
        if UNKNOWN_ID in processor.encode(word.replace(WORD_START, "")):
            signs.update(dict.fromkeys(word.strip(WORD_START), count))
    known = {processor.id_to_piece(piece).strip(WORD_START) for piece in range(len(full.origins))}
    wanted = [sign for sign, count in sorted(signs.items()) if count >= FOREIGN_SIGN_MIN_COUNT and sign not in known]
    rank = len(full.origins)
    return [(form, (), rank) for sign in wanted for form in (sign, WORD_START + sign)]


def _words(normalized: str) -> list[str]:
    words = normalized.replace(WORD_START, " ").split()
    return [WORD_START + word for word in words if word.isalpha() and len(word) <= 24]


def _is_kept(piece: str) -> bool:
    return not (piece.startswith("[") and piece.endswith("]") and len(piece) > 2)


def _as_sentencepiece(piece: str) -> str:
    return piece[2:] if piece.startswith("##") and len(piece) > 2 else WORD_START + piece


def _assemble(rules: bytes, entries: Sequence[tuple[str, tuple[int, ...], int]]) -> Vocabulary:
    """A unigram model of these (piece, origins, rank); specials first."""
    proto = spm_proto.ModelProto()
    proto.ParseFromString(rules)
    del proto.pieces[:]
    kinds = spm_proto.ModelProto.SentencePiece
    for index, special in enumerate(SPECIAL_PIECES):
        kind = kinds.UNKNOWN if index == UNKNOWN_ID else kinds.CONTROL
        proto.pieces.add(piece=special, score=0.0, type=kind)
    origins: list[tuple[int, ...]] = [()] * len(SPECIAL_PIECES)
    for piece, ids, rank in entries:
        proto.pieces.add(piece=piece, score=_score(piece, rank), type=kinds.NORMAL)
        origins.append(ids)
    proto.trainer_spec.vocab_size = len(proto.pieces)
    for name in ("input", "model_prefix"):  # scratch paths, which would make each run's bytes differ
        proto.trainer_spec.ClearField(name)
    proto.normalizer_spec.ClearField("normalization_rule_tsv")
    return Vocabulary(model=proto.SerializeToString(), origins=tuple(origins))


def _score(piece: str, rank: int) -> float:
    bonus = START_LENGTH_BONUS * len(piece) if piece.startswith(WORD_START) else 0.0
    return bonus - PIECE_COST - RANK_COST * math.log(rank + 10)


def _compiled_rules() -> bytes:
    """A throw-away SentencePiece model that carries our normalisation rules in compiled form."""
    with tempfile.TemporaryDirectory() as folder:
        rules, corpus, prefix = Path(folder, "rules.tsv"), Path(folder, "corpus.txt"), Path(folder, "model")
        rules.write_text("\n".join(_rule_lines()) + "\n", encoding="utf-8")
        corpus.write_text("the quick brown fox jumps over the lazy dog\n" * 20, encoding="utf-8")
        spm.SentencePieceTrainer.train(
            input=str(corpus),
            model_prefix=str(prefix),
            model_type="unigram",
            vocab_size=40,
            hard_vocab_limit=False,
            normalization_rule_tsv=str(rules),
            add_dummy_prefix=True,
            remove_extra_whitespaces=True,
            pad_id=0,
            bos_id=1,
            eos_id=2,
            unk_id=3,
            pad_piece="[PAD]",
            bos_piece="[CLS]",
            eos_piece="[SEP]",
            unk_piece="[UNK]",
            minloglevel=2,
        )
        return prefix.with_suffix(".model").read_bytes()


def _rule_lines() -> list[str]:
    lines = []
    for codepoint in range(1, LAST_MAPPED_CODEPOINT + 1):
        if 0xD800 <= codepoint <= 0xDFFF:
            continue
        target = _normalized(chr(codepoint))
        if target != chr(codepoint):
            lines.append(f"{codepoint:X}\t{' '.join(f'{ord(sign):X}' for sign in target)}")
    return lines


def _normalized(sign: str) -> str:
    """What BERT's pre-tokenizer makes of one sign; what vanishes becomes a space, for rules may not be empty."""
    if sign in "\t\n\r" or unicodedata.category(sign) in {"Zs", "Zl", "Zp"}:
        return " "
    if unicodedata.category(sign) in {"Cc", "Cf"}:
        return " "
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", sign).lower())
    bare = "".join(part for part in decomposed if unicodedata.category(part) != "Mn") or sign
    bare = unicodedata.normalize("NFC", bare)
    if len(bare) == 1 and (_is_punctuation(bare) or _is_cjk(bare)):
        return f" {bare} "
    return bare


def _is_punctuation(sign: str) -> bool:
    return (sign.isascii() and not sign.isalnum() and not sign.isspace()) or unicodedata.category(sign)[0] == "P"


def _is_cjk(sign: str) -> bool:
    return 0x4E00 <= ord(sign) <= 0x9FFF or 0x3400 <= ord(sign) <= 0x4DBF or 0xF900 <= ord(sign) <= 0xFAFF
