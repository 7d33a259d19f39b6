"""What the words alone suggest: the classifier's stand-in when no bundle can be used, and always visible as such.

Words match whole, never inside others ("algorithm" says nothing about Go). Each pattern counts once however often it
occurs; the highest sum wins, and ties go to the word that stands first in its table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from catalog.shapes import Category
from routing.shapes import Classification, Complexity, Label, Risk, TaskType

ENGINE = "keywords"
OPENING_CHARACTERS, OPENING_WEIGHT = 30, 2.0
READ_CHARACTERS_MAX = 4000  # the task stands at the beginning; what follows is mostly pasted matter

# How often words alone were right on the held-out prompts, so that a confidence stays a probability.
RIGHT_SHARE: Mapping[str, float] = {"category": 0.46, "task_type": 0.36, "complexity": 0.55, "risk": 0.6}

Table = Mapping[str, Sequence[tuple[float, str]]]

CATEGORY_PATTERNS: Table = {
    Category.CODING: (
        (2, r"code|coding|codebase|refactor\w*|debug\w*|unit tests?|pytest|jest|regex|sql|query|queries"),
        (2, r"python|typescript|javascript|rust|golang|java|kotlin|swift|c\+\+|c#|php|ruby|bash|powershell|css|html"),
        (2, r"react|django|flask|rails|vue|angular|spring|node(?:\.?js)?|docker|kubernetes|k8s|terraform|nginx"),
        (2, r"api|endpoint|graphql|database|schema|postgres\w*|mysql|sqlite|redis|git|repo|commit|pull request"),
        (2, r"traceback|stack ?trace|exception|null ?pointer|segfault|compile[srd]?|compiler|linter?|ci"),
        (1, r"function|class|method|script|bug|fix|implement\w*|deploy\w*|build|migrat\w+|module|library|package"),
        (1, r"excel|spreadsheet|formula|macro|vba|cron(?:tab)?|yaml|json|config\w*|command line|terminal|ssh"),
        (2, r"\w+\(\)|\w+\.(?:py|js|ts|tsx|go|rs|java|rb|php|sql|ya?ml|sh|c|cpp|css|html)"),
    ),
    Category.REASONING: (
        (2, r"prove|proof|deduce|derive|logic(?:al)?|puzzle|riddle|probabilit\w+|odds|expected value|theorem"),
        (2, r"trade-?offs?|should (?:i|we)|which (?:is|would be) (?:better|cheaper)|worth it|decide|weigh"),
        (1, r"analy[sz]e|reason\w*|calculate|solve|evaluate|strategy|architecture|constraints?|schedule|optimal"),
        (1, r"how (?:many|much|long) (?:\w+ ){0,6}(?:if|when|need|will)|at most|at least|exactly|each"),
    ),
    Category.CREATIVE: (
        (3, r"poem|haiku|limerick|sonnet|lyrics|song|story|novel|fiction|tale|screenplay|monologue|dialogue"),
        (2, r"slogan|tagline|headline|blog ?post|ad copy|copywriting|marketing|speech|toast|eulogy|jokes?|pun"),
        (2, r"brainstorm|invent|imagine|names? for|persuasive|witty|funny|humou?r\w*|in the (?:style|voice) of"),
        (1, r"creative|character|scene|chapter|villain|verse|rhym\w+|essay|caption|write"),
    ),
    Category.RESEARCH: (
        (3, r"research|literature|papers?|studies|citations?|cite|sources|peer[- ]reviewed|systematic review"),
        (2, r"find (?:out|me|\w+ (?:studies|sources|reports))|look up|latest|current(?:ly)?|today'?s|as of|recent"),
        (2, r"investigate|survey|market (?:size|share)|statistics|transcripts?|pdfs?|\d+[- ]pages?|report"),
        (1, r"compare|overview|history of|who (?:is|are)|which companies|regulations?|summari[sz]e"),
    ),
    Category.FAST_CHEAP: (
        (3, r"classify|label (?:this|these|each)|tag (?:this|these|each)|extract|alphabeti[sz]e|sort (?:this|these)"),
        (3, r"translate|convert|reformat|spelling|typos?|proofread|upper ?case|lower ?case|title case|rephrase"),
        (2, r"positive or negative|sentiment|spam or|yes or no|one word|in (?:one|a) (?:line|sentence)|tl;?dr"),
        (1, r"list|format|shorten|count|synonyms?|plural|opposite of|how many (?:days|words|letters)|quick(?:ly)?"),
    ),
    Category.VISION: (
        (
            4,
            r"screen ?shots?|(?:in (?:this|the)|attached) (?:image|photo|picture|scan|chart|drawing)",
        ),
        (3, r"photos?|images?|pictures?|pics?|scans?|scanned|ocr|x-?ray|\w+\.(?:png|jpe?g|heic|webp|gif)"),
        (2, r"diagram|chart|drawing|sketch|whiteboard|floor ?plan|handwrit\w+|video frame|look(?:s)? at (?:this|the)"),
    ),
    Category.GENERAL: (
        (2, r"what(?:'s| is| are) (?:a|an|the)|explain|why (?:do|does|is|are)|how do i|tips|advice|recipe|difference"),
        (1, r"help me|plan|ideas|hello|thanks|mail|email|message|tell me|can you|what should"),
    ),
}
TASK_TYPE_PATTERNS: Table = {
    TaskType.MIGRATION: (
        (3, r"migrat\w+|upgrad\w+|port (?:\w+ ){1,4}to"),
        (
            3,
            r"switch (?:\w+ ){0,4}(?:from|to)|move (?:\w+ ){1,4}(?:from|off|onto)",
        ),
        (2, r"bump|convert|replace \S+ (?:\w+ )?(?:with|by)|from \S+ to \S+"),
    ),
    TaskType.BUGFIX: (
        (3, r"fix\w*|bugs?|broken|crash\w*|regression|hotfix|repair|leak\w*|vulnerabilit\w+"),
        (2, r"errors?|exceptions?|fails?|failing|wrong|doesn'?t work|not working|stopped|hangs?|traceback|500|404"),
    ),
    TaskType.FEATURE: (
        (2, r"add|implement|build|create|support|introduce|allow|enable|make|integrate|deploy|delete|drop|remove"),
        (1, r"new|feature|endpoint|button|page|option"),
    ),
    TaskType.REFACTOR: (
        (3, r"refactor\w*|rename|clean ?up|tidy|dedup\w*|simplify|extract|split|restructure|dead code|untangle"),
        (1, r"move|unused|duplicat\w+|optimi[sz]e|inline"),
    ),
    TaskType.TEST: (
        (3, r"(?:unit|integration|e2e|end-to-end|load|regression|snapshot|flaky|missing) tests?|test coverage"),
        (2, r"tests?|coverage|fixtures?|mocks?|fuzz\w*|specs?|cypress|playwright|pytest|jest"),
    ),
    TaskType.DESIGN: (
        (3, r"design|architect\w*|rfc|wireframes?|mock-?ups?|proposal|propose|plan|roadmap|redesign"),
        (1, r"approach|schema|strategy|look modern|options"),
    ),
    TaskType.DOCS: (
        (3, r"docs|documentation|document|readme|docstrings?|changelog|runbook|tutorial|jsdoc|release notes"),
        (2, r"comments?|guide|write ?up|describe|onboarding"),
    ),
    TaskType.EXPLORATION: (
        (3, r"explain|investigate|find out|understand|audit|review|analy[sz]e|profile|where (?:is|are|do|does)|why"),
        (2, r"how (?:do|does|is|are|many|much|long)|what|which|is (?:it|there)|look into|check|estimate|find"),
        (4, r"(?:don'?t|do not|no) (?:change|touch|edit|code|changes)|read[- ]only|just tell me"),
    ),
}
COMPLEXITY_PATTERNS: Table = {
    Complexity.EASY: (
        (2, r"typo|rename|bump|readme|comment|label|colou?r|button text|version|one[- ]line\w*|trivial|simple|small"),
        (1, r"fix|add|change|update|remove|log|import|null|undefined|key ?error|docstrings?|what|where"),
    ),
    Complexity.MEDIUM: (
        (2, r"endpoint|pagination|filter|export|upload|integrat\w+|refactor|form|dashboard|tests|cache|job|plan"),
        (1, r"page|module|implement|build|support|slow|flaky|webhook|search|notifications?|explain|design"),
    ),
    Complexity.HARD: (
        (
            3,
            r"race conditions?|deadlocks?|distributed|concurren\w+|consensus|corrupt\w*|memory leaks?|segfaults?",
        ),
        (2, r"architect\w*|multi-?tenan\w+|sharding|rewrite|zero[- ]downtime|entire|whole|across all|end[- ]to[- ]end"),
        (2, r"real-?time|offline|crdt|encrypt\w+|compiler|protocol|intermittent\w*|migrate|scal(?:e|ing|able)"),
    ),
}
RISK_PATTERNS: Table = {
    Risk.LOW: (
        (3, r"docs|readme|docstrings?|comments?|tests?|explain|prototype|toy|local(?:ly)?|read[- ]only|plan|design"),
        (1, r"typo|style|css|colou?r|rename|lint|tooltip|label|button|where|what|why|how|review|refactor"),
    ),
    Risk.MEDIUM: (
        (2, r"public api|queue|worker|cron|webhook|cache|index|pipeline|infra\w*|docker|kubernetes|terraform|upgrade"),
        (1, r"api|endpoint|emails?|notifications?|performance|slow|release|sync|migrat\w+|concurren\w+"),
    ),
    Risk.HIGH: (
        (
            3,
            r"auth\w*|log-?ins?|passwords?|tokens?|permissions?|encrypt\w*|secrets?|payments?|billing|refunds?|invoices?",
        ),
        (3, r"prod|production|drop|purge|wipe|truncate|backfill|delete (?:old|all|users?|accounts?|rows?)|hotfix"),
        (2, r"checkout|stripe|oauth|jwt|sso|gdpr|tenant|injection|patients?|medical|live|irreversibl\w+|outage"),
    ),
}
_DEFAULTS: Mapping[str, str] = {
    "category": Category.GENERAL,
    "task_type": TaskType.EXPLORATION,
    "complexity": Complexity.MEDIUM,
    "risk": Risk.LOW,
}
_Compiled = Mapping[str, tuple[tuple[float, re.Pattern[str]], ...]]


def _compile(table: Table) -> _Compiled:
    return {
        label: tuple(
            (weight, re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)) for weight, pattern in patterns
        )
        for label, patterns in table.items()
    }


_TABLES: Mapping[str, _Compiled] = {
    "category": _compile(CATEGORY_PATTERNS),
    "task_type": _compile(TASK_TYPE_PATTERNS),
    "complexity": _compile(COMPLEXITY_PATTERNS),
    "risk": _compile(RISK_PATTERNS),
}


def classify_by_keywords(text: str, *, note: str = "") -> Classification:
    """All four labels from the words alone, marked as a fallback; the note says why."""
    return Classification(
        category=keyword_label("category", text),
        task_type=keyword_label("task_type", text),
        complexity=keyword_label("complexity", text),
        risk=keyword_label("risk", text),
        sub_dimensions={},
        engine=ENGINE,
        is_fallback=True,
        note=note,
    )


def keyword_label(head: str, text: str) -> Label:
    """The label that most words speak for; the head's ordinary one where none does."""
    sums = keyword_sums(head, text)
    best = max(sums, key=lambda label: sums[label])
    value = best if sums[best] > 0 else _DEFAULTS[head]
    right = RIGHT_SHARE[head]
    rest = (1 - right) / (len(sums) - 1)
    return Label(value, right, {label: right if label == value else rest for label in sums})


def keyword_sums(head: str, text: str) -> dict[str, float]:
    """How much the words speak for each label of a head."""
    start = text[:READ_CHARACTERS_MAX]
    return {str(label): sum(_weight(p, start) * w for w, p in ps) for label, ps in _TABLES[head].items()}


def _weight(pattern: re.Pattern[str], text: str) -> float:
    """What a task begins with says most of what it is about."""
    found = pattern.search(text)
    if found is None:
        return 0.0
    return OPENING_WEIGHT if found.start() < OPENING_CHARACTERS else 1.0
