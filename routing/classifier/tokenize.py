"""Text to token ids: the prefix, the limit and the frame that the model card prescribes, safe for any string."""

from __future__ import annotations

from pathlib import Path

from routing.classifier.bundle import BundleFault

PREFIX = "Current: "
CLS_ID, SEP_ID = 1, 2
# 256 tokens are seldom more than 1,500 characters; cutting first bounds the time that a megabyte takes.
READ_CHARACTERS_MAX = 32_768
KEPT_CHARACTERS_MAX = 8_192


def tidy(text: str) -> str:
    """The part of a text that is looked at: white space joined, what is no character replaced."""
    start = text[:READ_CHARACTERS_MAX] if not text[:1].isspace() else text.lstrip()[:READ_CHARACTERS_MAX]
    whole = start.encode("utf-8", "replace").decode("utf-8").replace("\x00", " ")
    return " ".join(whole.split())[:KEPT_CHARACTERS_MAX]


class Tokenizer:
    """A bundle's SentencePiece model."""

    def __init__(self, path: Path, *, tokens_max: int) -> None:
        import sentencepiece

        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
        except (OSError, RuntimeError) as error:
            raise BundleFault(f"{path} is no SentencePiece model: {error}") from error
        self._pieces_max = tokens_max - 2

    def pieces(self) -> list[str]:
        """Every piece, in the order of the ids."""
        return [self._processor.id_to_piece(number) for number in range(self._processor.get_piece_size())]

    def encode(self, tidied: str) -> list[int]:
        """The ids of a text that went through `tidy`, framed by [CLS] and [SEP]."""
        pieces: list[int] = self._processor.encode(PREFIX + tidied, out_type=int)
        return [CLS_ID, *pieces[: self._pieces_max], SEP_ID]
