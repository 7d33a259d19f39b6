"""Split at words of sequence: "first ..., then ..., finally ..."."""

from __future__ import annotations

import re
from typing import Final

from routing.decompose.requests import asks_for_work, find_lead_end, sentence_spans, strip_polite, tidy
from routing.decompose.verbs import joins_verb

# In a long text a single "then" is chance; a plan says it more than once.
LONGEST_FOR_ONE_CUT: Final = 3_000

_ENGLISH: Final = (
    r"then|after that|after this|afterwards?|finally|lastly|subsequently|next|"
    r"(?:once|when|after) (?:that|this|it)(?:'s| is) (?:done|finished|complete|ready)|"
    r"first(?:ly)?(?: of all)?|second(?:ly)?|third(?:ly)?|fourth(?:ly)?|fifth(?:ly)?|sixth(?:ly)?|to start(?: with)?"
)
_FOREIGN: Final = (
    r"zuerst|zunächst|als erstes|dann|danach|anschließend|als nächstes|schließlich|abschließend|zuletzt|zum schluss|"
    r"erstens|zweitens|drittens|"
    r"d[’']abord|tout d[’']abord|ensuite|puis|après cela|après ça|enfin|finalement|premièrement|deuxièmement|"
    r"troisièmement|"
    r"primero|luego|después|a continuación|finalmente|por último|segundo|tercero|en primer lugar|"
    r"primeiro|depois|em seguida|por fim|em primeiro lugar|"
    r"prima|poi|dopo|in seguito|infine|"
    r"eerst|daarna|vervolgens|ten slotte|tenslotte|tot slot|"
    r"сначала|затем|потом|после этого|наконец|в конце|"
    r"najpierw|potem|następnie|na koniec|"
    r"önce|sonra|ardından|son olarak|"
    r"först|sedan|därefter|slutligen"
)
_UNSPACED: Final = (
    r"首先|然后|然後|接着|接著|随后|其次|最后|最後に|最後|まず|次に|その後|それから|"
    r"먼저|그다음|그런 다음|다음으로|마지막으로"
)
_MARKER: Final = re.compile(
    r"(?P<edge>^|[.,;:!?\n。，；、！？—–]\s{0,12}|\s)"
    r"(?P<joint>(?:and|und|et|y|e|en|и|i|ve|och)\s{1,20})?"
    r"(?:(?:(?P<english>" + _ENGLISH + r")|(?P<foreign>" + _FOREIGN + r"))(?:[,:]\s{0,20}|\s{1,20})|"
    r"(?P<unspaced>" + _UNSPACED + r")[，,、:：]?\s{0,20})(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)
# These stand inside a clause without a comma and still open a new step: "build it then ship it".
_FREE: Final = re.compile(
    r"(?:then|after that|afterwards?|finally|lastly|subsequently|dann|danach|anschließend|puis|ensuite|luego|después|"
    r"depois|poi|infine|daarna|vervolgens|затем|потом|potem|następnie|sedan)\Z",
    re.IGNORECASE,
)
_OPENING: Final = re.compile(
    r"(?:first|to start|zuerst|zunächst|als erstes|erstens|tout d|d[’']abord|premièrement|primero|en primer|primeiro|"
    r"em primeiro|prima|eerst|сначала|najpierw|önce|först|首先|まず|먼저)",
    re.IGNORECASE,
)
_CONDITION: Final = re.compile(
    r"(?:^|[\s,])(?:if|when|whenever|unless|once|wenn|falls|sobald|si|quand|lorsque|cuando|se|quando|als|если|когда|"
    r"jeśli)\s",
    re.IGNORECASE,
)
_SENTENCE_SIGNS: Final = ".!?\n。！？"
_REACH: Final = 300


def split_sequence(text: str, masked: str) -> tuple[list[str], str] | None:
    """The steps and what stands before them; None where no word of sequence opens a piece of work."""
    cuts = _find_cuts(masked)
    if not cuts or (len(cuts) == 1 and len(text) > LONGEST_FOR_ONE_CUT):
        return None
    opens = _OPENING.match(_word(cuts[0])) is not None
    start = cuts[0].end() if opens else _work_start(masked[: cuts[0].start()])
    rest = text[: cuts[0].start() if opens else start]
    inner = cuts[1:] if opens else cuts
    begins = [start, *(cut.end() for cut in inner)]
    ends = [*(cut.start() for cut in inner), len(text)]
    steps = [tidy(text[begin:end]) for begin, end in zip(begins, ends, strict=True)]
    if opens and asks_for_work(masked[_work_start(rest) : cuts[0].start()]):
        begin = _work_start(masked[: cuts[0].start()])
        steps, rest = [tidy(rest[begin:]), *steps], rest[:begin]
    steps = [step for step in steps if step]
    if len(steps) == 2 and not opens and cuts[0]["edge"] == " " and not asks_for_work(steps[0]):
        return None
    return (steps, rest.strip()) if len(steps) > 1 else None


def _find_cuts(masked: str) -> list[re.Match[str]]:
    found = [marker for marker in _MARKER.finditer(masked) if _opens_clause(marker, masked)]
    # Where several foreign words of sequence stand, the text is a plan even if its verbs are not in our lists.
    foreign_count = sum(marker["english"] is None for marker in found)
    return [
        marker
        for marker in found
        if _precedes_work(marker, masked) or (marker["english"] is None and foreign_count > 1 and _is_marked(marker))
    ]


def _precedes_work(marker: re.Match[str], masked: str) -> bool:
    clause = strip_polite(_clause(masked, marker.end()))
    # "Next release notes": an adjective, unless a comma follows or the noun can only be a verb.
    is_adverb = bool(_FREE.match(_word(marker))) or marker.group().rstrip()[-1:] in ",:" or marker["english"] is None
    return asks_for_work(clause) if is_adverb else joins_verb(clause)


def _is_marked(marker: re.Match[str]) -> bool:
    """Whether a sign or an "and" stands before the word, so that a clause ends there whatever follows."""
    return marker["edge"].strip(" ") != "" or not marker["edge"] or bool(marker["joint"] or marker["unspaced"])


def _opens_clause(marker: re.Match[str], masked: str) -> bool:
    if not (_is_marked(marker) or _FREE.match(_word(marker))):
        return False
    return not _depends_on_condition(marker, masked)


def _depends_on_condition(marker: re.Match[str], masked: str) -> bool:
    """ "If it fails, then fix it" is one step."""
    if marker["edge"].strip() and marker["edge"].strip() in _SENTENCE_SIGNS:
        return False
    start = max(masked.rfind(sign, max(0, marker.start() - _REACH), marker.start()) for sign in _SENTENCE_SIGNS) + 1
    return bool(_CONDITION.search(" " + masked[max(start, marker.start() - _REACH) : marker.start()]))


def _word(marker: re.Match[str]) -> str:
    return marker["english"] or marker["foreign"] or marker["unspaced"]


def _clause(masked: str, start: int) -> str:
    """What follows a marker, to the end of its clause."""
    clause = masked[start : start + _REACH]
    return re.split(r"[.;!?\n。；！？]", clause, maxsplit=1)[0]


def _work_start(masked: str) -> int:
    """Where the first step begins: after background sentences and a lead-in."""
    for begin, _ in sentence_spans(masked):
        if asks_for_work(masked[begin : begin + _REACH]):
            return begin
        if lead := find_lead_end(masked[begin : begin + _REACH]):
            return begin + lead
    return 0
