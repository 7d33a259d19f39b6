"""The policy editor's form: a draft that travels with it, an opened item, and one act at a time.

Nothing is kept between two posts, so nothing of a draft is lost when somebody else saves first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Final

import msgspec
from django.http import QueryDict

from routing.past_decisions import DEFAULT_COUNT
from routing.policy_draft import KINDS, add, count_of, move, remove
from routing.policy_inputs import read_count
from routing.route_policy import RouteRules
from routing.rule_documents import document_of, draft_from, dump_rules, read_text
from routing.views.policy_fields import put_fields
from smartspawn.lib.errors import InvalidParam

TABLE: Final = "table"
YAML: Final = "yaml"


@dataclass(frozen=True, slots=True)
class Editor:
    """The state of the form."""

    rules: RouteRules
    base_version: str
    view: str = TABLE
    opened: tuple[str, int] | None = None  # the kind and place of the item whose fields are shown
    note: str = ""
    text: str = ""  # the YAML as typed, where it cannot be read
    refusal: str = ""  # why what was typed cannot be used
    said: QueryDict | None = None  # the fields as typed, where they cannot be read
    focus: str = ""  # where a keyboard goes on: "up-rule-3"
    count: int = DEFAULT_COUNT  # of decisions to replay
    wants_replay: bool = False

    @property
    def draft(self) -> str:
        """The rules as the form carries them."""
        return msgspec.json.encode(document_of(self.rules)).decode()

    @property
    def yaml_text(self) -> str:
        """The rules as YAML, or what was typed in its place."""
        return self.text or dump_rules(self.rules)


def read_editor(said: QueryDict, current: RouteRules, *, is_acted: bool = True) -> Editor:
    """The form as it was posted, with its opened fields or its text taken over, and its act done.

    Raises InvalidParam for a form that the page never wrote.
    """
    editor = _carried(said, current)
    act, _, about = said.get("act", "").partition(":") if is_acted else ("", "", "")
    if act == "cancel":
        return replace(editor, opened=None)
    editor = _taken_over(editor, said)
    return editor if editor.refusal else _ACTS.get(act, _nothing)(editor, about)


def _carried(said: QueryDict, current: RouteRules) -> Editor:
    """What the form carries. Raises InvalidParam for what this page never wrote."""
    try:
        document = msgspec.json.decode(said.get("draft", "") or "{}")
    except msgspec.DecodeError as error:
        raise InvalidParam("The draft that came with the form cannot be read. Open the page again.") from error
    rules = draft_from(document) if document else current
    return Editor(
        rules=rules,
        base_version=said.get("base_version", "")[:100] or current.version,
        view=YAML if said.get("view") == YAML else TABLE,
        opened=_place_of(said.get("opened", ""), rules),
        note=said.get("note", "").strip(),
        count=read_count(said.get("count", "")),
    )


def _taken_over(editor: Editor, said: QueryDict) -> Editor:
    """The draft with what was typed; with a refusal, and as typed, where that cannot be read."""
    text = said.get("yaml", "").replace("\r\n", "\n")
    try:
        if editor.view == YAML:
            return replace(editor, rules=_read_yaml(text)) if text.strip() else editor
        rules = _with_margin(editor.rules, said)
        if editor.opened is not None and "name" in said:
            rules = _checked(put_fields(rules, *editor.opened, said))
        return replace(editor, rules=rules)
    except InvalidParam as refusal:
        return replace(editor, refusal=refusal.message, text=text if editor.view == YAML else "", said=said)


def _read_yaml(text: str) -> RouteRules:
    raw = read_text(text)
    if not isinstance(raw, dict):
        raise InvalidParam("The text is no document with drivers, tiers and rules.")
    return draft_from({name: value for name, value in raw.items() if name != "version"})


def _checked(rules: RouteRules) -> RouteRules:
    """The same rules, refused for what no document may hold, such as control characters."""
    return draft_from(document_of(rules))


def _with_margin(rules: RouteRules, said: QueryDict) -> RouteRules:
    text = said.get("margin", "").strip().replace(",", ".")
    if not text:
        return rules
    refusal = "The points that a preferred driver may be behind are a number from 0 to 100."
    try:
        margin = float(text)
    except ValueError as error:
        raise InvalidParam(refusal) from error
    if not isfinite(margin):
        raise InvalidParam(refusal)
    return replace(rules, driver_margin_score=margin)


# --- acts ------------------------------------------------------------------------------------------


def _nothing(editor: Editor, _about: str) -> Editor:
    return editor


def _open(editor: Editor, about: str) -> Editor:
    return replace(editor, opened=_place_of(about, editor.rules))


def _close(editor: Editor, _about: str) -> Editor:
    return replace(editor, opened=None)


def _add(editor: Editor, about: str) -> Editor:
    """A new item below the named one, opened; without a place, at the end."""
    kind = about.partition(":")[0]
    if kind not in KINDS:
        return editor
    place = _place_of(about, editor.rules)
    target = place[1] + 1 if place else count_of(editor.rules, kind)
    return replace(editor, rules=add(editor.rules, kind, target), opened=(kind, target))


def _remove(editor: Editor, about: str) -> Editor:
    place = _place_of(about, editor.rules)
    return replace(editor, rules=remove(editor.rules, *place), opened=None) if place else editor


def _mover(by: int, word: str) -> Callable[[Editor, str], Editor]:
    def moved(editor: Editor, about: str) -> Editor:
        place = _place_of(about, editor.rules)
        if place is None:
            return editor
        rules = move(editor.rules, *place, by)
        return replace(editor, rules=rules, opened=None, focus=f"{word}-{place[0]}-{place[1] + by}")

    return moved


def _show(editor: Editor, about: str) -> Editor:
    return replace(editor, view=YAML if about == YAML else TABLE, opened=None)


def _replay(editor: Editor, _about: str) -> Editor:
    return replace(editor, wants_replay=True)


def _rebase(editor: Editor, about: str) -> Editor:
    """The draft goes on from a version that somebody else saved."""
    return replace(editor, base_version=about)


_ACTS: Final[Mapping[str, Callable[[Editor, str], Editor]]] = {
    "open": _open,
    "close": _close,
    "add": _add,
    "remove": _remove,
    "up": _mover(-1, "up"),
    "down": _mover(1, "down"),
    "view": _show,
    "what-if": _replay,
    "rebase": _rebase,
}


def _place_of(text: str, rules: RouteRules) -> tuple[str, int] | None:
    """ "rule:3" as the kind and place of an item that there is, or None."""
    kind, _, number = text.partition(":")
    if kind not in KINDS or not (number.isascii() and number.isdigit() and len(number) < 5):
        return None
    return (kind, int(number)) if int(number) < count_of(rules, kind) else None
