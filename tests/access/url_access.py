"""Who gets in where: one row for each address of the site, written down apart from the code.

``test_url_access.py`` asks every address as everybody and compares. A new address needs a row here:

    page(Role.MEMBER)                           a page for signed-in people of at least this role
    page(Role.ADMIN, "POST")                    the same for a form
    endpoint(Scope.X, Role.VIEWER)              needs the scope; by session the role
    endpoint(Scope.X, Role.VIEWER, is_open=True)        needs nothing while the site's API is open
    endpoint(Scope.X, Role.MEMBER, "POST", allows_loopback=True)    or a program on this machine
    everybody()                                 neither

``also=`` gives the row of the same address for another method, ``path=`` an example address where the one
made from the pattern will not do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from smartspawn.access.shapes import Role, Scope


@dataclass(frozen=True)
class Row:
    """What is promised about one address."""

    method: str = "GET"
    role: Role | None = None
    scope: Scope | None = None
    is_open: bool = False
    allows_loopback: bool = False
    path: str = ""
    also: Row | None = None  # the same address by another method


def everybody(method: str = "GET", *, path: str = "") -> Row:
    return Row(method, path=path)


def page(role: Role, method: str = "GET", *, path: str = "") -> Row:
    return Row(method, role=role, path=path)


def endpoint(
    scope: Scope,
    role: Role,
    method: str = "GET",
    *,
    is_open: bool = False,
    allows_loopback: bool = False,
    path: str = "",
    also: Row | None = None,
) -> Row:
    return Row(method, role, scope, is_open, allows_loopback, path, also)


URL_ACCESS: Mapping[str, Row] = {
    # access
    "sign-in/": everybody(),
    "sign-in/link/<str:token>/": everybody(),
    "sign-out/": everybody("POST"),
    "account/": page(Role.VIEWER),
    "account/keys/": page(Role.VIEWER),
    "account/keys/<int:key_id>/revoke/": page(Role.VIEWER, "POST"),
    "people/": page(Role.ADMIN),
    "people/<int:user_id>/": page(Role.ADMIN),
    "people/<int:user_id>/role/": page(Role.ADMIN, "POST"),
    "people/<int:user_id>/active/": page(Role.ADMIN, "POST"),
    "people/<int:user_id>/link/": page(Role.ADMIN, "POST"),
    "audit/": page(Role.ADMIN),
    "storage/": page(Role.ADMIN),
    "audit.csv": page(Role.ADMIN),
    # the API of the catalog
    "api": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/schema/": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/models": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/models/<path:model_id>": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/compare": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/status": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/refresh": endpoint(Scope.CATALOG_REFRESH, Role.MEMBER, "POST"),
    # the API of budgets
    "api/budgets": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/alerts": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/alert-receivers": endpoint(Scope.RUNS_READ, Role.VIEWER, also=endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST")),
    "api/alert-receivers/<int:receiver_id>": endpoint(
        Scope.RUNS_READ, Role.VIEWER, also=endpoint(Scope.RUNS_WRITE, Role.MEMBER, "DELETE")
    ),
    "api/alert-receivers/<int:receiver_id>/test": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    "api/alert-receivers/<int:receiver_id>/secret": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    "api/alert-deliveries/<int:delivery_id>/again": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    # the pages of budgets
    "budgets/": page(Role.VIEWER),
    "budgets/_notices": page(Role.VIEWER),
    "budgets/<uuid:alert_id>/seen/": page(Role.VIEWER, "POST"),
    "budgets/<uuid:alert_id>/_seen": page(Role.VIEWER, "POST"),
    "budgets/receivers/": page(Role.VIEWER),
    "budgets/receivers/save/": page(Role.MEMBER, "POST"),
    "budgets/receivers/<int:receiver_id>/": page(Role.VIEWER),
    "budgets/receivers/<int:receiver_id>/test/": page(Role.MEMBER, "POST"),
    "budgets/receivers/<int:receiver_id>/secret/": page(Role.MEMBER, "POST"),
    "budgets/receivers/<int:receiver_id>/switch/": page(Role.MEMBER, "POST"),
    "budgets/receivers/<int:receiver_id>/remove/": page(Role.MEMBER, "POST"),
    "budgets/deliveries/<int:delivery_id>/again/": page(Role.MEMBER, "POST"),
    "budgets/confirm/<str:token>/": everybody(),
    # the API of routing: choosing
    "api/pick": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/recommend": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/decompose": endpoint(Scope.CATALOG_READ, Role.VIEWER, "POST", is_open=True),
    "api/swarm": endpoint(Scope.CATALOG_READ, Role.VIEWER, "POST", is_open=True),
    "api/route": endpoint(Scope.CATALOG_READ, Role.VIEWER, "POST", is_open=True),
    "api/route/override": endpoint(Scope.CATALOG_READ, Role.VIEWER, "POST", is_open=True),
    "api/decisions/<str:decision_id>/replay": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/limits": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/limits/site": endpoint(Scope.CATALOG_ADMIN, Role.ADMIN, "PUT"),
    "api/limits/me": endpoint(Scope.CATALOG_READ, Role.VIEWER, "PUT"),
    "api/limits/keys/<int:key_id>": endpoint(Scope.CATALOG_READ, Role.VIEWER, "PUT"),
    "api/exploration": endpoint(Scope.CATALOG_READ, Role.VIEWER),
    "api/exploration/results": endpoint(Scope.CATALOG_READ, Role.VIEWER),
    "api/exploration/site": endpoint(Scope.CATALOG_ADMIN, Role.ADMIN, "PUT"),
    "api/exploration/me": endpoint(Scope.CATALOG_READ, Role.VIEWER, "PUT"),
    "api/exploration/keys/<int:key_id>": endpoint(Scope.CATALOG_READ, Role.VIEWER, "PUT"),
    "api/route/policy": endpoint(Scope.CATALOG_ADMIN, Role.ADMIN),
    "api/route/policy/check": endpoint(Scope.CATALOG_ADMIN, Role.ADMIN, "POST"),
    "api/route/policy/what-if": endpoint(Scope.CATALOG_ADMIN, Role.ADMIN, "POST"),
    "api/route/policy/versions": endpoint(Scope.CATALOG_ADMIN, Role.ADMIN),
    "api/route/policy/versions/<str:version>": endpoint(Scope.CATALOG_ADMIN, Role.ADMIN),
    "api/route/policy/differences": endpoint(Scope.CATALOG_ADMIN, Role.ADMIN),
    "api/route/policy/restore": endpoint(Scope.CATALOG_ADMIN, Role.ADMIN, "POST"),
    "api/route/what-if/snapshots": endpoint(Scope.CATALOG_READ, Role.VIEWER),
    "api/route/what-if/held-back/<str:source>": endpoint(Scope.CATALOG_ADMIN, Role.ADMIN),
    "api/route/what-if/override": endpoint(Scope.CATALOG_ADMIN, Role.ADMIN, "POST"),
    "api/route/corrections": endpoint(Scope.CATALOG_ADMIN, Role.ADMIN),
    # the pages of routing
    "route/": page(Role.VIEWER),
    "route/_answer": page(Role.VIEWER, "POST"),
    "route/correct/": page(Role.MEMBER, "POST"),
    "route/_correct": page(Role.MEMBER, "POST"),
    "route/policy/": page(Role.ADMIN),
    "route/policy/_editor": page(Role.ADMIN, "POST"),
    "route/policy/_findings": page(Role.ADMIN, "POST"),
    "route/policy/save/": page(Role.ADMIN, "POST"),
    "route/policy/export.yaml": page(Role.ADMIN),
    "route/policy/versions/": page(Role.ADMIN),
    "route/policy/restore/": page(Role.ADMIN, "POST"),
    "route/what-if/": page(Role.VIEWER),
    "route/what-if/_found": page(Role.VIEWER),
    "route/what-if/held-back/<str:key>/": page(Role.ADMIN, path="/route/what-if/held-back/openrouter/"),
    "route/what-if/override/": page(Role.ADMIN),
    "limits/": page(Role.VIEWER),
    "limits/save/": page(Role.VIEWER, "POST"),
    "limits/_effect": page(Role.VIEWER, "POST"),
    "limits/site/": page(Role.VIEWER),
    "limits/site/save/": page(Role.ADMIN, "POST"),
    "limits/site/_effect": page(Role.ADMIN, "POST"),
    "exploration/": page(Role.VIEWER),
    "exploration/results/": page(Role.VIEWER),
    "exploration/save/": page(Role.VIEWER, "POST"),
    "exploration/site/save/": page(Role.ADMIN, "POST"),
    "exploration/keys/save/": page(Role.VIEWER, "POST"),
    "limits/keys/<int:key_id>/": page(Role.VIEWER),
    "limits/keys/<int:key_id>/save/": page(Role.VIEWER, "POST"),
    "limits/keys/<int:key_id>/_effect": page(Role.VIEWER, "POST"),
    "decisions/": page(Role.VIEWER),
    "decisions/<str:decision_id>/": page(Role.VIEWER),
    "decisions/<str:decision_id>/_replay": page(Role.VIEWER),
    # the pages of the catalog
    "": page(Role.VIEWER),
    "models/": page(Role.VIEWER),
    "models/_results": page(Role.VIEWER),
    "models/_download.<str:kind>": page(Role.VIEWER),
    "models/<path:model_id>/": page(Role.VIEWER),
    "compare/": page(Role.VIEWER),
    "frontier/": page(Role.VIEWER),
    "changes/": page(Role.VIEWER),
    "changes/feed.atom": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "sources/": page(Role.VIEWER),
    "sources/refresh/": page(Role.MEMBER, "POST"),
    "sources/_refresh": page(Role.MEMBER, "POST"),
    "sources/_progress": page(Role.VIEWER),
    "sources/<str:key>/": page(Role.VIEWER),
    "sources/<str:key>/switch/": page(Role.ADMIN, "POST"),
    "sources/<str:key>/accept/": page(Role.ADMIN, "POST"),
    "sources/<str:key>/key/": page(Role.ADMIN, "POST"),
    "sources/<str:key>/key/remove/": page(Role.ADMIN, "POST"),
    "payloads/<str:sha256>/": page(Role.VIEWER),
    "unmatched/": page(Role.VIEWER),
    "unmatched/settle/": page(Role.ADMIN, "POST"),
    "unmatched/_settle": page(Role.ADMIN, "POST"),
    "aliases/": page(Role.VIEWER),
    "aliases/save/": page(Role.ADMIN, "POST"),
    "aliases/import/": page(Role.ADMIN, "POST"),
    "aliases/export.yaml": page(Role.VIEWER),
    "aliases/<int:alias_id>/": page(Role.VIEWER),
    "aliases/<int:alias_id>/remove/": page(Role.ADMIN, "POST"),
    "overrides/": page(Role.VIEWER),
    "overrides/save/": page(Role.ADMIN, "POST"),
    "overrides/import/": page(Role.ADMIN, "POST"),
    "overrides/export.yaml": page(Role.VIEWER),
    "overrides/<int:override_id>/": page(Role.VIEWER),
    "overrides/<int:override_id>/remove/": page(Role.ADMIN, "POST"),
    "api/docs/": page(Role.VIEWER),
    # routing
    "api/roles/blocks": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/roles/compose": endpoint(Scope.CATALOG_READ, Role.VIEWER, "POST", is_open=True),
    # connecting
    "connect/": page(Role.VIEWER),
    "skill.md": everybody(),
    # probes
    "healthz": everybody(),
    "readyz": everybody(),
    "metrics": endpoint(Scope.METRICS_READ, Role.ADMIN, allows_loopback=True),
    # runs
    "connections/": page(Role.VIEWER),
    "connections/new/": page(Role.ADMIN),
    "connections/save/": page(Role.ADMIN, "POST"),
    "connections/breakers/reset/": page(Role.ADMIN, "POST"),
    "connections/<slug:key>/": page(Role.VIEWER),
    "connections/<slug:key>/save/": page(Role.ADMIN, "POST"),
    "connections/<slug:key>/switch/": page(Role.ADMIN, "POST"),
    "connections/<slug:key>/remove/": page(Role.ADMIN, "POST"),
    "connections/<slug:key>/test/": page(Role.ADMIN, "POST"),
    "connections/<slug:key>/_test": page(Role.ADMIN, "POST"),
    "api/connections": endpoint(Scope.RUNS_READ, Role.VIEWER, also=endpoint(Scope.RUNS_ADMIN, Role.ADMIN, "POST")),
    "api/connections/<slug:key>": endpoint(
        Scope.RUNS_ADMIN, Role.ADMIN, "PATCH", also=endpoint(Scope.RUNS_ADMIN, Role.ADMIN, "DELETE")
    ),
    "api/connections/<slug:key>/test": endpoint(Scope.RUNS_ADMIN, Role.ADMIN, "POST"),
    "api/breakers": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/breakers/reset": endpoint(Scope.RUNS_ADMIN, Role.ADMIN, "POST"),
    "caps/": page(Role.VIEWER),
    "caps/_mine": page(Role.VIEWER),
    "caps/save/": page(Role.MEMBER, "POST"),
    "caps/remove/": page(Role.MEMBER, "POST"),
    "caps/asked/save/": page(Role.VIEWER, "POST"),
    "caps/uncertain/": page(Role.VIEWER),
    "caps/uncertain/correct/": page(Role.ADMIN, "POST"),
    "api/caps": endpoint(Scope.RUNS_ADMIN, Role.ADMIN),
    "api/uncertain": endpoint(Scope.RUNS_READ, Role.VIEWER, also=endpoint(Scope.RUNS_ADMIN, Role.ADMIN, "POST")),
    "api/me/caps": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/me/usage": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/me/run-preference": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "PUT"),
    "runs/": page(Role.VIEWER),
    "runs/new/": page(Role.MEMBER),
    "runs/_preview": page(Role.MEMBER, "POST"),
    "runs/<uuid:run_id>/": page(Role.VIEWER),
    "runs/<uuid:run_id>/_live": page(Role.VIEWER),
    "runs/<uuid:run_id>/nodes/<str:key>/": page(Role.VIEWER),
    "runs/<uuid:run_id>/approve/": page(Role.MEMBER, "POST"),
    "runs/<uuid:run_id>/cancel/": page(Role.MEMBER, "POST"),
    "runs/<uuid:run_id>/retry/": page(Role.MEMBER, "POST"),
    "runs/<uuid:run_id>/rerun/": page(Role.MEMBER, "POST"),
    "api/runs": endpoint(Scope.RUNS_READ, Role.VIEWER, also=endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST")),
    "api/runs/preview": endpoint(Scope.RUNS_READ, Role.VIEWER, "POST"),
    "api/runs/<uuid:run_id>": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/runs/<uuid:run_id>/events": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/runs/<uuid:run_id>/result": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/runs/<uuid:run_id>/artifacts/<str:node_key>": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/runs/<uuid:run_id>/cancel": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    "api/runs/<uuid:run_id>/approve": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    "api/runs/<uuid:run_id>/retry": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    "api/parallel": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    "api/research": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    "api/chain": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    "api/chain/auto": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    "api/chain/template": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    "api/chain/preview": endpoint(Scope.RUNS_READ, Role.VIEWER, "POST"),
    "v1/chat/completions": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    "v1/responses": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    "v1/models": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "v1/models/<path:name>": endpoint(Scope.RUNS_READ, Role.VIEWER, path="/v1/models/auto"),
    "v1/messages": endpoint(Scope.RUNS_WRITE, Role.MEMBER, "POST"),
    "v1/messages/count_tokens": endpoint(Scope.RUNS_READ, Role.VIEWER, "POST"),
    "mcp": endpoint(Scope.RUNS_READ, Role.VIEWER, "POST"),
    # the API of feedback
    "community/": page(Role.VIEWER),
    "community/share/": page(Role.MEMBER, "POST"),
    "community/switch/": page(Role.ADMIN, "POST"),
    "community/import/": page(Role.ADMIN, "POST"),
    "community/remove/": page(Role.ADMIN, "POST"),
    "digest/": page(Role.VIEWER),
    "api/digest": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/community/report": endpoint(Scope.FEEDBACK_WRITE, Role.MEMBER, "POST", is_open=True),
    "api/community/withdraw": endpoint(Scope.FEEDBACK_WRITE, Role.MEMBER, "POST", is_open=True),
    "api/community/scores": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/community/aggregate": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/spawn-log": endpoint(Scope.FEEDBACK_WRITE, Role.MEMBER, "POST", is_open=True),
    "api/spawn-log/outcome": endpoint(Scope.FEEDBACK_WRITE, Role.MEMBER, "POST", is_open=True),
    "api/spawn-log/scores": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/spawn-log/stats": endpoint(Scope.CATALOG_READ, Role.VIEWER, is_open=True),
    "api/ratings": endpoint(Scope.RUNS_READ, Role.VIEWER, also=endpoint(Scope.FEEDBACK_WRITE, Role.MEMBER, "POST")),
    "api/ratings/<int:rating_id>": endpoint(Scope.FEEDBACK_WRITE, Role.MEMBER, "DELETE"),
    # spend
    "api/spend": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/spend/savings": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/spend/cascade": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/spend/calls": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "api/spend/reconciliation": endpoint(Scope.RUNS_ADMIN, Role.ADMIN),
    "api/spend/prices": endpoint(Scope.RUNS_ADMIN, Role.ADMIN),
    "spend/reconciliation/": page(Role.ADMIN),
    "spend/prices/": page(Role.ADMIN),
    "spend/prices/check/": page(Role.ADMIN, "POST"),
    "spend/": page(Role.VIEWER),
    "spend/rows.csv": page(Role.VIEWER),
    "spend/calls/": page(Role.VIEWER),
    "spend/calls.csv": page(Role.VIEWER),
    "spend/savings/": page(Role.VIEWER),
    "spend/cascade/": page(Role.VIEWER),
    "spend/savings.csv": page(Role.VIEWER),
    "spend/cascade.csv": page(Role.VIEWER),
    "spend/forecast/": page(Role.VIEWER),
    # the pages of feedback
    "ratings/": page(Role.VIEWER),
    "ratings/save/": page(Role.MEMBER, "POST"),
    "ratings/_save": page(Role.MEMBER, "POST"),
    "ratings/withdraw/": page(Role.MEMBER, "POST"),
    "ratings/_withdraw": page(Role.MEMBER, "POST"),
    "ratings/bulk/": page(Role.MEMBER, "POST"),
    "ratings/prefer/": page(Role.MEMBER, "POST"),
    "ratings/compare/<uuid:run_id>/": page(Role.VIEWER),
    "ratings/_run/<uuid:run_id>": page(Role.VIEWER),
    "ratings/_run/<uuid:run_id>/<str:node_key>": page(Role.VIEWER),
    "ratings/run/<uuid:run_id>/": page(Role.VIEWER),
    "ratings/run/<uuid:run_id>/<str:node_key>/": page(Role.VIEWER),
    "api/classifier/evaluation": endpoint(
        Scope.RUNS_ADMIN, Role.ADMIN, also=endpoint(Scope.RUNS_ADMIN, Role.ADMIN, "POST")
    ),
    "api/classifier/export": endpoint(Scope.RUNS_ADMIN, Role.ADMIN),
    "classifier/": page(Role.ADMIN),
    "classifier/evaluate/": page(Role.ADMIN, "POST"),
    "api/judges": endpoint(Scope.RUNS_READ, Role.VIEWER),
    "judges/": page(Role.VIEWER),
    "judges/restore/": page(Role.MEMBER, "POST"),
    "learned/": page(Role.VIEWER),
    "learned/switch/": page(Role.MEMBER, "POST"),
    "learned/reset/": page(Role.MEMBER, "POST"),
}
