"""Split requests at "and": "build and deploy a page", "research competitors and write a report".

Only where each side asks for work of its own: "salt and pepper", "research and development budget" and "a
button to save and close" stay whole.
"""

from __future__ import annotations

import re
from typing import Final

from routing.decompose.requests import find_lead_end, sentence_spans, strip_polite, tidy
from routing.decompose.verbs import WORD, is_idiom, joins_verb, leading_verb, words

# Longer prose is a document: one "and" between two verbs somewhere in it is no plan.
LONGEST_REQUEST: Final = 1_500
# Two imperative sentences are often a task and a wish about it; three are a list.
_FEWEST_SENTENCES: Final = 3

_JOINT: Final = re.compile(
    r"(?:\s*[,，、]\s*|\s+)(?:and also|and|as well as|plus|&|und|sowie|et|y|e|en|и|i|ve|och|oraz)\s+"
    r"(?:also\s+|please\s+)?"
    r"|\s*[,，]\s*|\s*(?:并且|并|以及)\s*",
    re.IGNORECASE,
)
# Behind these, a verb belongs to a clause within the request: "a form that lets people sign up and pay".
_SUBORDINATE: Final = re.compile(
    r"\b(?:that|which|who|whose|where|when|whenever|while|before|after|until|unless|since|as|if|because|so|how|whether|lets?|letting|allow(?:s|ing)?|can|"
    r"could|should|must|will|would|may|might|in order|dass|damit|qui|que|pour|para|che|per)\b"
    r"|,\s*(?:die|der|das|den|dem|deren|dessen)\b",  # without a comma these are articles
    re.IGNORECASE,
)
_TO: Final = re.compile(r"\bto\s+([a-z]+)\b(?!\s*(?:,|and\b|$))", re.IGNORECASE)
# What follows "to" when it is a direction and not the start of an infinitive.
_PLACES: Final = words(
    "the a an our my your his her their its this that these those each all every production prod staging github gitlab "
    "aws azure gcp heroku vercel netlify kubernetes docker cloud s3 pypi npm main master python typescript javascript "
    "rust go java english german french spanish japanese chinese postgres postgresql mysql it them us me him"
)


def split_conjunctions(text: str, masked: str) -> tuple[list[str], str] | None:
    """The pieces of work that a short request joins, and its other sentences; None where it is one piece."""
    if len(text) > LONGEST_REQUEST:
        return None
    parts: list[str] = []
    rest: list[str] = []
    has_joint = False
    sentences = sentence_spans(masked)
    for begin, end in sentences:
        lead = find_lead_end(masked[begin:end])
        pieces = _split_sentence(text[begin + lead : end], masked[begin + lead : end])
        has_joint = has_joint or len(pieces) > 1
        parts.extend(pieces)
        rest.append(text[begin : begin + lead] if pieces else text[begin:end])
    is_list = len(parts) == len(sentences) >= _FEWEST_SENTENCES
    if len(parts) < 2 or not (has_joint or is_list):
        return None
    return parts, " ".join(line.strip() for line in rest if line.strip())


def _split_sentence(text: str, masked: str) -> list[str]:
    """The pieces of one sentence: none where it asks for no work."""
    request = strip_polite(masked)
    if leading_verb(request) is None:
        return []
    offset = len(masked) - len(request)
    cuts = _find_cuts(request)
    begins = [0, *(cut.end() for cut in cuts)]
    ends = [*(cut.start() for cut in cuts), len(request)]
    pieces = [tidy(text[offset + begin : offset + end]) for begin, end in zip(begins, ends, strict=True)]
    pieces = [piece.rstrip("?") if len(pieces) > 1 else piece for piece in pieces if piece]
    return _share_object(pieces)


def _find_cuts(request: str) -> list[re.Match[str]]:
    cuts: list[re.Match[str]] = []
    start = 0
    for joint in _JOINT.finditer(request):
        if joint.start() == 0 or is_idiom(request, joint.start() + 1):
            continue
        before = request[start : joint.start()]
        if _opens_work(request, joint) and not _is_subordinate(before) and not _is_one_job(before, request, joint):
            cuts.append(joint)
            start = joint.end()
    while cuts and _is_enumeration(request, cuts[-1]):
        cuts.pop()
    return cuts


def _is_one_job(before: str, request: str, joint: re.Match[str]) -> bool:
    """Nobody finds a bug in order to leave it: "find out why and fix it" is one job."""
    first, second = leading_verb(before), leading_verb(request[joint.end() :])
    return first is not None and second is not None and first[0] == "find" and second[0] in {"fix", "repair", "resolve"}


def _is_enumeration(request: str, joint: re.Match[str]) -> bool:
    """Whether bare words follow a mere comma: "the steps extract, transform, load"."""
    clauses = _JOINT.split(request[joint.end() :].rstrip(" .!?"))
    return not WORD.search(joint.group()) and all(_is_bare_verb(clause) for clause in clauses)


def _opens_work(request: str, joint: re.Match[str]) -> bool:
    following = request[joint.end() :]
    clause = _JOINT.split(following, maxsplit=1)[0]
    if joins_verb(following) and (joins_verb(clause) or _is_bare_verb(clause)):
        return True
    return _is_bare_verb(clause) and joins_verb(_JOINT.split(following, maxsplit=1)[-1])


def _is_subordinate(before: str) -> bool:
    if _SUBORDINATE.search(before):
        return True
    return any(found.group(1).lower() not in _PLACES and found.group(1).islower() for found in _TO.finditer(before))


def _is_bare_verb(clause: str) -> bool:
    found = leading_verb(clause)
    return found is not None and WORD.findall(clause.lower()) == found[0].split()


def _share_object(pieces: list[str]) -> list[str]:
    """ "Build", "deploy a page" -> "Build a page", "deploy a page"."""
    shared = ""
    whole = []
    for piece in reversed(pieces):
        if _is_bare_verb(piece):
            whole.append(f"{piece}{shared}")
            continue
        found = leading_verb(piece)
        shared = piece[len(found[0]) :] if found and piece.lower().startswith(found[0]) else ""
        whole.append(piece)
    return whole[::-1]
