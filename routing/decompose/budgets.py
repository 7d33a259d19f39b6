"""The budget of one part: a step down for simple work, a step up for hard work."""

from __future__ import annotations

import re
from typing import Final

from catalog.shapes import Budget

_STEPS: Final = (Budget.LOW, Budget.MEDIUM, Budget.HIGH)

_SIMPLE: Final = re.compile(
    r"(?<![\w-])(?:simple|simpl(?:er|est)|quick(?:ly)?|boilerplate|trivial(?:ly)?|basic|straight-?forward|easy|easily|"
    r"einfach\w*|trivial\w*|facile|sencill[oa]s?|fácil|semplice|eenvoudige?|прост\w{1,3}|简单|簡単\w?|간단\w?)(?![\w-])",
    re.IGNORECASE,
)
_HARD: Final = re.compile(
    r"(?<![\w-])(?:critical(?:ly)?|complex(?:ity)?|architectur(?:e|al)|security|performance|optimi[sz](?:e|es|ed|ing|ation)|"
    r"core|mission-critical|kritisch\w*|komplex\w*|architektur|sicherheit\w*|critique|complexe|sécurité|crític[oa]s?|"
    r"complej[oa]s?|seguridad|segurança|complexo|sicurezza|complesso|beveiliging|безопасност\w|сложн\w{1,3}|"
    r"安全|架构|性能|セキュリティ|보안)(?![\w-])",
    re.IGNORECASE,
)


def step_budget(text: str, budget: Budget) -> Budget:
    """The budget for this part. ``any`` has no steps: whoever sets no limit wants none."""
    if budget not in _STEPS:
        return budget
    is_simple, is_hard = bool(_SIMPLE.search(text)), bool(_HARD.search(text))
    step = is_hard - is_simple
    place = _STEPS.index(budget) + step
    return _STEPS[min(max(place, 0), len(_STEPS) - 1)]
