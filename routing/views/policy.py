"""The policy editor: which work goes to which tier and driver, as a table or as YAML, in versions."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from routing.corrections_export import count_corrected_tasks
from routing.policy_inputs import read_name
from routing.policy_versions import (
    MAX_NOTE_CHARS,
    check,
    list_versions,
    restore_version,
    rules_in_force,
    save_policy,
)
from routing.route_rules import get_rules, shipped_rules
from routing.rule_differences import differences, line_differences
from routing.rule_documents import dump_rules
from routing.views.policy_form import Editor, read_editor
from routing.views.policy_rows import choices_of, driver_rows, rule_rows, tier_rows
from routing.views.tabs import Tab
from routing.what_if import what_if_rules
from smartspawn.access.gates import requires_role
from smartspawn.access.requests import ActorRequest
from smartspawn.access.shapes import Actor, Role
from smartspawn.lib.errors import BadInput, Conflict, NotFound

FINDINGS_PART: Final = "routing/_policy_findings.html"
REPLAY_CHOICES: Final = tuple((str(count), f"{count} decisions") for count in (20, 50, 100, 200, 500))


@requires_role(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request: ActorRequest) -> HttpResponse:
    """The rules that hold, to change; or, posted, the draft with one act done."""
    return _edit(request, "routing/policy.html")


@requires_role(Role.ADMIN)
@require_POST
def editor_part(request: ActorRequest) -> HttpResponse:
    """The form alone, with one act done."""
    return _edit(request, "routing/_policy_editor.html")


@requires_role(Role.ADMIN)
@require_POST
def findings_part(request: ActorRequest) -> HttpResponse:
    """What the linter says of the draft as it is being typed."""
    return _edit(request, FINDINGS_PART)


@requires_role(Role.ADMIN)
@require_POST
def policy_save(request: ActorRequest) -> HttpResponse:
    """Let the draft hold as a new version; what cannot be saved comes back with everything typed."""
    current = rules_in_force()
    editor = read_editor(request.POST, current)
    if editor.refusal:
        return _page(request, "routing/policy.html", editor, status=422)
    try:
        saved = save_policy(editor.rules, actor=request.actor, why=editor.note, base_version=editor.base_version)
    except Conflict as refusal:
        return _page(request, "routing/policy.html", editor, status=409, conflict=_meanwhile(editor, refusal.message))
    except BadInput as refusal:
        return _page(request, "routing/policy.html", editor, status=422, not_saved=refusal.message)
    messages.success(request, f"{saved.version} holds from the next kickoff on.")
    return redirect("routing:policy")


@requires_role(Role.ADMIN)
@require_safe
def policy_versions(request: ActorRequest) -> HttpResponse:
    """Every version with who, when and why; two of them side by side where they are named."""
    versions = list_versions()
    current = rules_in_force()
    before, after = request.GET.get("before", ""), request.GET.get("after", "") or current.version
    context: dict[str, Any] = {
        "versions": versions,
        "current": current,
        "shipped": shipped_rules(),
        "choices": [(name, name) for name in dict.fromkeys(item.version for item in versions)],
        "before": before,
        "after": after,
        "tabs": tabs_of("versions"),
    }
    if before:
        old, new = get_rules(before), get_rules(after)
        context |= {"told": differences(old, new), "lines": line_differences(old, new), "is_compared": True}
    return TemplateResponse(request, "routing/policy_versions.html", context)


@requires_role(Role.ADMIN)
@require_POST
def policy_restore(request: ActorRequest) -> HttpResponse:
    """Let an earlier version hold again, as a new one."""
    said = request.POST
    try:
        restored = restore_version(
            read_name(said, "version"),
            actor=request.actor,
            why=said.get("note", "").strip(),
            base_version=read_name(said, "base_version"),
        )
    except (Conflict, BadInput) as refusal:
        messages.error(request, f"Nothing was changed. {refusal.message}")
        return redirect("routing:policy-versions")
    messages.success(request, f"{restored.version} holds from the next kickoff on.")
    return redirect("routing:policy-versions")


@requires_role(Role.ADMIN)
@require_safe
def policy_export(request: ActorRequest) -> HttpResponse:
    """A version as YAML, as the editor's text and the API read it."""
    version = request.GET.get("version", "")
    rules = get_rules(version) if version else rules_in_force()
    headers = {"Content-Disposition": f'attachment; filename="policy-{rules.version}.yaml"'}
    return HttpResponse(dump_rules(rules), content_type="application/yaml; charset=utf-8", headers=headers)


def tabs_of(current: str) -> list[Tab]:
    """The pages of the policy."""
    return [
        Tab(reverse("routing:policy"), "Rules", current == "rules"),
        Tab(reverse("routing:policy-versions"), "Versions", current == "versions"),
    ]


def _edit(request: ActorRequest, template: str) -> HttpResponse:
    current = rules_in_force()
    if request.method != "POST":
        origin = request.GET.get("from", "")  # an earlier version to begin with
        rules = get_rules(origin) if origin else current
        return _page(request, template, Editor(rules, current.version), origin=origin)
    try:
        # A browser sends the button that was clicked last with what is typed after it: then it means nothing.
        editor = read_editor(request.POST, current, is_acted=template != FINDINGS_PART)
    except BadInput as refusal:  # what this page never wrote
        return _page(request, template, Editor(current, current.version, refusal=refusal.message), status=422)
    return _page(request, template, editor, status=422 if editor.refusal else 200)


def _page(request: ActorRequest, template: str, editor: Editor, *, status: int = 200, **more: Any) -> HttpResponse:
    checked = check(editor.rules)
    errors = [item for item in checked.findings if item.is_error]
    context: dict[str, Any] = {
        "editor": editor,
        "opened": ":".join(map(str, editor.opened)) if editor.opened else "",
        "checked": checked,
        "error_count": len(errors),
        "warning_count": len(checked.findings) - len(errors),
        "rule_rows": rule_rows(editor, checked.findings),
        "tier_rows": tier_rows(editor, checked.findings),
        "driver_rows": driver_rows(editor, checked.findings),
        "choices": choices_of(editor.rules),
        "replay_choices": REPLAY_CHOICES,
        "count": str(editor.count),
        "note_chars": MAX_NOTE_CHARS,
        "tabs": tabs_of("rules"),
        "corrected_count": count_corrected_tasks() if template == "routing/policy.html" else None,
        **(_changes(editor) if not editor.refusal else {}),
        **(_replayed(editor, request.actor) if editor.wants_replay else {}),
        **more,
    }
    return TemplateResponse(request, template, context, status=status)


def _changes(editor: Editor) -> dict[str, Any]:
    """What the draft says differently from the version that it began with."""
    try:
        return {"changes": differences(get_rules(editor.base_version), editor.rules)}
    except NotFound:
        return {"changes": ()}


def _replayed(editor: Editor, actor: Actor) -> dict[str, Any]:
    if not check(editor.rules).can_be_saved:
        return {"replay_refusal": "Rules with errors cannot be tried out. Mend them first."}
    return {"found": what_if_rules(editor.rules, actor=actor, count=editor.count)}


def _meanwhile(editor: Editor, message: str) -> dict[str, Any]:
    """What somebody else saved while the draft was being written."""
    current = rules_in_force()
    try:
        told = differences(get_rules(editor.base_version), current)
    except NotFound:
        told = ()
    return {"message": message, "version": current.version, "told": told}
