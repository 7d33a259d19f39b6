"""What a part is about: its phase, what it produces and needs, and its subject."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from routing.decompose.personas import find_persona
from routing.decompose.requests import strip_polite
from routing.decompose.shapes import Artifact, Phase, Topic
from routing.decompose.verbs import ENGLISH, FOREIGN, UNSPACED, WORD, leading_verb, words

_ARTIFACTS: Final[Mapping[Artifact, frozenset[str]]] = {
    Artifact.SCHEMA: words(
        "schema schemas model models entity entities table tables database databases schéma esquema"
    ),
    Artifact.API: words("api apis endpoint endpoints route routes rest graphql backend server"),
    Artifact.COMPONENT: words(
        "component components widget widgets page pages view views layout ui frontend form screen screens client site"
    ),
    Artifact.CONFIG: words("config configuration settings env environment infrastructure pipeline"),
    Artifact.TEST: words("test tests spec specs fixture fixtures mock mocks testing"),
    Artifact.DOCS: words("docs documentation readme guide manual changelog"),
}
_ARTIFACT_BY_WORD: Final = {word: artifact for artifact, listed in _ARTIFACTS.items() for word in listed}

# What is made says more about the phase than "make": "write tests" verifies, "create a schema" designs.
_PHASE_BY_OBJECT: Final[Mapping[str, Phase]] = {
    **dict.fromkeys(
        words("schema schemas plan architecture wireframe wireframes mockup spec outline roadmap"), Phase.DESIGN
    ),
    **dict.fromkeys(words("config configuration environment repo repository scaffold scaffolding"), Phase.SET_UP),
    **dict.fromkeys(words("test tests testing fixtures"), Phase.VERIFY),
    **dict.fromkeys(words("docs documentation readme changelog tutorial manual announcement"), Phase.RELEASE),
    **dict.fromkeys(words("pr prs mr mrs pull"), Phase.RELEASE),
    **dict.fromkeys(words("pruebas tests testes prove toetsen тесты testy"), Phase.VERIFY),
    **dict.fromkeys(words("dokumentation documentação documentación документацию"), Phase.RELEASE),
}
_MAKES: Final = words(
    "write add create build make develop implement draft produce prepare generate code update extend improve rewrite "
    "merge schreibe schreiben écris écrire escribe escribir escreva escrever scrivi schrijf напиши написать erstelle "
    "erstellen crée crea crie napisz aktualisiere aktualisieren"
)

# Behind these stands where or with what, not what: "deploy to AWS", "test with pytest".
_CIRCUMSTANCE: Final = words(
    "to on with using via in into by at from that which so before after against within auf mit in nach avec sur dans "
    "en con sobre com op met"
)
_TARGET: Final = words("for of about für von über pour de du des para sobre di per voor van")
# Words that name the whole, or nothing in particular.
_GENERIC: Final = words(
    "the a an it its them their this that these those all each every any some both our my your his her new small "
    "simple basic app application project system product software solution thing things everything whole entire "
    "final first complete full and or und et y e en of for code work result results feature features version "
    "production prod staging unit integration end-to-end e2e der die das den dem ein eine einen le la les un une "
    "des el los las una o os as um uma il lo gli i de het een initial proper good nice modern better"
)
# Verbs elsewhere, but as an object plainly a thing: "research the market" is about the market.
_THINGS_TOO: Final = words("market book script program record schedule index cache log")
_BACK: Final = re.compile(
    r"\b(?:it|its|them|their|they|the (?:results?|findings|output|outcome|above|previous)|es|sie|ihn|das ergebnis|"
    r"les résultats|los resultados)\b",
    re.IGNORECASE,
)
_LONGEST_LOOK: Final = 2_000
_PLURAL: Final = re.compile(r"(?<=[a-z]{3})(?:(?<=i)es|(?<!s)s)$")


def describe(text: str) -> Topic:
    """What the order of this part among others depends on."""
    text = text[:_LONGEST_LOOK]
    request = strip_polite(text)
    found = leading_verb(request)
    heard = [word.lower() for word in WORD.findall(request)]
    after_verb = heard[len(found[0].split()) :] if found and _opens_with(heard, found[0]) else heard
    direct, target = _objects(after_verb)
    subject = _subject(direct) or _subject(target)
    mentioned = {_ARTIFACT_BY_WORD[word] for word in after_verb if word in _ARTIFACT_BY_WORD}
    produced = {_ARTIFACT_BY_WORD[word] for word in direct if word in _ARTIFACT_BY_WORD}
    phase = _phase(found, direct, heard)
    return Topic(
        phase=Phase.BUILD if phase is None else phase,
        is_phase_guessed=phase is None,
        produces=frozenset(produced),
        uses=frozenset(mentioned - produced),
        subject=subject,
        persona=find_persona(text),
        refers_back=bool(_BACK.search(text)),
    )


def _opens_with(heard: list[str], verb: str) -> bool:
    return heard[: len(verb.split())] == verb.split()


def _objects(after_verb: list[str]) -> tuple[list[str], list[str]]:
    """What the verb acts on, and what that is for: "tests" and "the login page"."""
    direct: list[str] = []
    target: list[str] = []
    current: list[str] | None = direct
    for word in after_verb:
        if word in _TARGET:
            current = target
        elif word in _CIRCUMSTANCE:
            current = None
        elif current is not None:
            current.append(word)
    return direct, target


def _subject(heard: list[str]) -> frozenset[str]:
    """The telling words; the kind of a thing ("page") only where nothing says which."""
    telling = [word for word in heard if _is_telling(word)]
    return frozenset(_stem(word) for word in ([word for word in telling if word not in _ARTIFACT_BY_WORD] or telling))


def _is_telling(word: str) -> bool:
    is_work = word in ENGLISH or word in FOREIGN or word in UNSPACED or word in _PHASE_BY_OBJECT
    # A schema is a thing as well as a phase.
    is_work = is_work and word not in _ARTIFACTS[Artifact.SCHEMA] and word not in _THINGS_TOO
    return not is_work and word not in _GENERIC and not word.isdigit() and word not in _ARTIFACTS[Artifact.TEST]


def _stem(word: str) -> str:
    return _PLURAL.sub("", word)


def _phase(found: tuple[str, Phase] | None, direct: list[str], heard: list[str]) -> Phase | None:
    """The verb's phase, or that of what it makes; without a verb, that of the first word that has one, if any."""
    if found and found[0] not in _MAKES:
        return found[1]
    for word in direct:
        if word in _PHASE_BY_OBJECT:
            return _PHASE_BY_OBJECT[word]
    if found:
        return found[1]
    return next((phase for word in heard if (phase := ENGLISH.get(word, FOREIGN.get(word))) is not None), None)
