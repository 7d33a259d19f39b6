"""Leave out the greetings, pleas and thanks around a task: they change the wording, never the work."""

from __future__ import annotations

import re

_NAMES = r"(?: (?:there|all|again|everyone|everybody|folks|team|guys|claude|assistant|buddy|mate))*"
_POLITELY = "(?:(?:please|pls|plz|kindly|maybe|perhaps|possibly|just|quickly|also) )*"
_THIS = r"(?:this|the following)(?: (?:one|task))?\s*[:,]"
_IF_YOU = r"if you (?:could|would|can)(?=\s)"
_AT_LEISURE = r"(?:a |some |the )?(?:moment|minute|min|second|sec|chance|time)"
_OPENINGS = (
    rf"(?:hi+|hey|hello|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)){_NAMES}(?=\W|$)",
    r"dear \w+(?=\s*[,:!])",
    r"(?:i )?(?:do )?hope (?:you(?:'re| are|r)|all is|this|everything|your)\b[^.!?,:]{0,60}[.!?,:]",
    r"how are you(?: doing)?(?: today)?\s*[?,.!]",
    r"(?:thanks|thank you|thx|cheers|much appreciated)(?: (?:so|very) much)?(?: in advance)?(?=\W|$)",
    r"for (?:the |your |any |all (?:the |your )?)(?:help|time)\s*[,.!;:]",
    r"sorry to (?:bother|disturb)(?: you)?(?: again)?(?:,? but)?(?=\W|$)",
    rf"(?:whenever|when|if) you(?:'ve)? (?:have|get|find|got) {_AT_LEISURE}\b",
    r"if (?:you don'?t mind|you could|possible|it'?s? (?:is )?(?:not too much trouble|ok|okay|possible))\s*,",
    r"(?:i )?(?:was|am|'m) (?:just )?wondering (?:if|whether) you (?:could|would|can|might)(?: be able to)?(?=\s)",
    rf"i(?:'d| would) (?:really |greatly |very much )?(?:appreciate|love|like) it {_IF_YOU}",
    rf"i(?:'d| would) be (?:so |very )?(?:grateful|glad|happy|thankful) {_IF_YOU}",
    r"i(?:'d| would) (?:like|love) (?:for )?you to(?=\s)",
    rf"it would be (?:great|nice|lovely|good|helpful|awesome) {_IF_YOU}",
    r"would (?:you|u) mind (?:to )?(?=\w)",
    rf"(?:could|can|would|will) (?:you|u) {_POLITELY}be (?:so kind (?:as )?to|able to) ",
    rf"(?:could|can|would|will) (?:you|u) {_POLITELY}help me (?:with {_THIS}|out and|to|by)",
    rf"(?:could|can|would|will) (?:you|u) {_POLITELY}(?=\w)",
    r"(?:i|we) (?:need|want)(?: for)? (?:you|u) to(?=\s)",
    rf"(?:i )?(?:need )?(?:your |some |a bit of )?help (?:me )?with {_THIS}",
    r"(?:a )?quick (?:one|question|favou?r|task|request)\s*[:,-]",
    r"(?:please|pls|plz|kindly)(?= |,|:)",
    r"(?:hallo|guten (?:tag|morgen|abend)|servus|moin|hola|buenos d[ií]as|buenas tardes)(?=\s*[,!.:])",
    r"(?:bonjour|bonsoir|salut|ciao|buongiorno|ol[áa]|bom dia|hej|hoi)(?=\s*[,!.:])",
    r"(?:bitte|por favor|s'il (?:te|vous) pla[iî]t|per favore)(?= |,|:)",
)
_MUCH = "(?: (?:so|very) much| a lot| a (?:ton|bunch)| in advance| again| indeed| for (?:the |your )?(?:help|time))"
_CLOSINGS = (
    rf"(?:many |kind |warm |best )?(?:thanks|thank you|thx|ty|cheers|regards|much appreciated)(?:{_MUCH})*",
    r"(?:please|pls|plz|por favor|bitte|danke|gracias|merci)",
    r"take your time|no rush|(?:have a (?:nice|good|great) (?:day|one|weekend))",
)
_OPENING = re.compile(rf"(?:{'|'.join(_OPENINGS)})[\s,.!:;-]*", re.IGNORECASE)
_CLOSING = re.compile(rf"(?:^|(?<=[.,!?;\s]))(?:{'|'.join(_CLOSINGS)})[\s.!:)(]*$", re.IGNORECASE)
_LAYERS_MAX = 5  # "hi, sorry to bother you, could you please"
_CLOSING_CHARACTERS = 80
_REST_WORDS_MIN = 2  # "can you help" is all there is


def without_courtesy(text: str) -> str:
    """The task alone; the whole text where nothing else would be left."""
    rest = text
    for _ in range(_LAYERS_MAX):
        found = _OPENING.match(rest)
        if not found or found.end() == 0:
            break
        rest = rest[found.end() :]
    for _ in range(2):
        head, tail = rest[:-_CLOSING_CHARACTERS], rest[-_CLOSING_CHARACTERS:]
        rest = head + _CLOSING.sub("", tail).rstrip(" ,")
    return rest if len(rest.split()) >= _REST_WORDS_MIN else text
