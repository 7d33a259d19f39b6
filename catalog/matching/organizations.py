"""Who makes a model: the many spellings of one organization."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# One line per maker, its key first: every other spelling that a source or a catalogue id uses and
# that dropping "ai", "labs" and the like does not already make equal.
_SPELLINGS: Final = (
    "ai21 ai21labs",
    "alibaba qwen alibabacloud tongyi aliaba",
    "allenai ai2 alleninstituteforai alleninstitute",
    "amazon aws amazonwebservices",
    "bytedance bytedanceseed seed doubao dola",
    "cohere cohereforai coherelabs c4ai",
    "deepseek deepseekai",
    "google googledeepmind deepmind",
    "ibm ibmgranite",
    "inclusionai antgroup ant",
    "kwaipilot kuaishou kwai kwaikat",
    "meituan longcat meituanlongcat",
    "meta metallama facebook",
    "microsoft azure microsoftazure",
    "mistral mistralai",
    "moonshotai kimi moonshot",
    "nousresearch nous",
    "nvidia nv",
    "rekaai reka",
    "stepfun stepfunai",
    "tencent hunyuan",
    "xai spacexai",
    "xiaomi xiaomimimo mimo",
    "zai zhipu zhipuai zaiorg thudm",
)
_ENDINGS: Final = ("research", "labs", "lab", "org", "inc", "llm", "hq", "ai")
_SHORTEST_STEM: Final = 3
_NAME_LIMIT: Final = 200
_NOT_ALPHANUMERIC: Final = re.compile(r"[^a-z0-9]+")

# Words that may stand before a model's name without belonging to it ("Amazon Nova Pro", "c4ai-command-a",
# "hunyuan-hy3"). Names of families ("kimi", "longcat", "seed") are not among them.
_LEADING: Final = (
    "ai21 aws alibaba allenai amazon anthropic arcee baidu bytedance c4ai cohere deepseek dola doubao google "
    "hunyuan ibm inclusionai inception liquidai meituan meta microsoft mistralai moonshot moonshotai nous "
    "nousresearch nvidia openai perplexity poolside rekaai sakana stepfun tencent tongyi upstage writer xai "
    "xiaomi zai zhipu"
)


def organization_key(text: str) -> str:
    """One key for all spellings of a maker; "" for no maker."""
    return _key(text[:_NAME_LIMIT])


@lru_cache(maxsize=4096)
def _key(text: str) -> str:
    plain = _plain(text)
    return _KEYS.get(plain) or _KEYS.get(_stem(plain)) or _stem(plain)


def is_known_maker(key: str) -> bool:
    """Whether the key is one of the makers whose spellings are known here."""
    return key in _MAKERS


def leading_maker(word: str) -> str:
    """The maker that a word before a model's name stands for; "" for any other word."""
    return organization_key(word) if word in _LEADING_WORDS else ""


def _plain(text: str) -> str:
    return _NOT_ALPHANUMERIC.sub("", text.casefold().partition("/")[0])


def _stem(plain: str) -> str:
    for ending in _ENDINGS:
        if plain.endswith(ending) and len(plain) - len(ending) >= _SHORTEST_STEM:
            return _stem(plain.removesuffix(ending))
    return plain


_KEYS: Final = {
    spelling: line.split()[0] for line in _SPELLINGS for word in line.split() for spelling in (word, _stem(word))
}
_MAKERS: Final = frozenset(_KEYS.values())
_LEADING_WORDS: Final = frozenset(_LEADING.split())
