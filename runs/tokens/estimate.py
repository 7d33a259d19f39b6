"""How many tokens a prompt will take: on the safe side, without any model's own tokenizer.

Every vendor cuts text differently, so this counts what the less thrifty of today's tokenizers make of each
script: English prose comes out about a fifth above what the common ones count, code a little more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from runs.shapes import JsonObject
from runs.tokens.pictures import find_pictures, picture_tokens, read_picture

# A piece of the pattern is a token: up to six letters, one digit (several vendors cut each by itself), up to
# two other signs, a break of lines, an indentation. A single space goes with the word behind it.
_ASCII_PIECE: Final = re.compile(r"[A-Za-z]{1,6}|[0-9]|[^A-Za-z0-9\s]{1,2}|\n+|[ \t]{2,16}")
# Tokens for one letter of a script; what no pattern knows is counted by its bytes, which no tokenizer exceeds.
_SCRIPTS: Final = (
    (re.compile("[\u00a0-\u024f\u1e00-\u1eff]+"), 0.8),  # accented Latin: it also breaks the word around it
    (re.compile("[\u0370-\u03ff\u0400-\u052f]+"), 0.6),  # Greek, Cyrillic
    (re.compile("[\u0590-\u06ff\u0750-\u077f]+"), 0.9),  # Hebrew, Arabic
    (re.compile("[\u0900-\u0dff\u0e00-\u0eff]+"), 1.3),  # scripts of India; Thai, Lao
    (re.compile("[\u2000-\u206f\u3000-\u303f\uff00-\uffef]+"), 1.2),  # typographic and East Asian punctuation
    (re.compile("[\u3040-\u30ff]+"), 1.1),  # Kana
    (re.compile("[\u3400-\u9fff\uf900-\ufaff]+"), 1.3),  # Han
    (re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]+"), 1.4),  # Hangul
)
_MESSAGE_TOKENS: Final = 5  # role and marks around each message
_PROMPT_TOKENS: Final = 8  # what begins the answer, and a system line that some vendors add
_TOOL_TOKENS: Final = 12  # around each tool
_TOOLS_TOKENS: Final = 350  # the instructions that a vendor adds once there are tools
_AUDIO_BYTES_PER_TOKEN: Final = 400  # base64 of MP3 at 96 kbit/s, 32 tokens a second
_FILE_BYTES_PER_TOKEN: Final = 6  # base64 of a document: its text and the picture of each page
_FILE_TOKENS_OF_ADDRESS: Final = 20_000  # a file that the provider fetches: its size is unknown here


def estimate_tokens(messages: Sequence[JsonObject], tools: Sequence[JsonObject] = ()) -> int:
    """About how many prompt tokens these messages and tools take; rather too many than too few."""
    count = _PROMPT_TOKENS + sum(_MESSAGE_TOKENS + _message_tokens(message) for message in messages)
    if tools:
        count += _TOOLS_TOKENS + sum(_TOOL_TOKENS + _json_tokens(tool) for tool in tools)
    return count


def picture_excess(messages: Sequence[JsonObject], model_id: str) -> int:
    """How many more tokens the pictures were estimated at than this model takes for them."""
    pictures = find_pictures(messages)
    return sum(picture_tokens(picture) - picture_tokens(picture, model_id) for picture in pictures)


def text_tokens(text: str) -> int:
    """About how many tokens this text takes."""
    if text.isascii():
        return len(_ASCII_PIECE.findall(text))
    weight = 0.0
    rest = text
    for pattern, tokens_per_letter in _SCRIPTS:
        letters = sum(map(len, pattern.findall(rest)))
        if letters:
            weight += letters * tokens_per_letter
            rest = pattern.sub(" ", rest)
    if not rest.isascii():
        strange = re.sub(r"[\x00-\x7f]+", "", rest)
        weight += len(strange.encode("utf-8", "surrogatepass"))
        rest = re.sub(r"[^\x00-\x7f]+", " ", rest)
    return round(weight + 0.499) + len(_ASCII_PIECE.findall(rest))


def _message_tokens(message: JsonObject) -> int:
    count = _content_tokens(message.get("content"))
    # Calls of tools and whatever else is sent along, but the words that every message has.
    rest = {name: value for name, value in message.items() if name not in ("role", "content") and value}
    return count + (_json_tokens(rest) if rest else 0)


def _content_tokens(content: object) -> int:
    if isinstance(content, str):
        return text_tokens(content)
    if isinstance(content, list | tuple):
        return sum(_part_tokens(part) for part in content)
    return 0 if content is None else _json_tokens(content)


def _part_tokens(part: object) -> int:
    if not isinstance(part, Mapping):
        return _content_tokens(part)
    match part.get("type"):
        case "text" | "input_text":
            return text_tokens(str(part.get("text") or ""))
        case "image_url" | "input_image" | "image":
            return picture_tokens(read_picture(part))
        case "input_audio":
            return _longest_text(part.get("input_audio")) // _AUDIO_BYTES_PER_TOKEN + 1
        case "file" | "input_file" | "document":
            size = _longest_text(part)
            return max(size // _FILE_BYTES_PER_TOKEN, _FILE_TOKENS_OF_ADDRESS if size < 2_000 else 0)
    return _json_tokens(part)


def _longest_text(value: object) -> int:
    """The length of the longest text within: of a file, that is its content or its address."""
    if isinstance(value, str):
        return len(value)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return max((_longest_text(item) for item in inner), default=0)


def _json_tokens(value: object) -> int:
    return text_tokens(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))
