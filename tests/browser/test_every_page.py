"""Every page, wide and narrow, light and dark: accessible, inside its width, without errors."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import get_resolver
from playwright.sync_api import Page

from catalog.corrections import set_alias, set_override
from catalog.models import AliasRow, OverrideRow
from catalog.shapes import Alias, Override
from routing.decide import recommend
from routing.decompose.decide import swarm
from routing.decompose.shapes import DecomposeRequest
from routing.route_rules import save_rules, shipped_rules
from routing.rule_documents import document_of
from routing.shapes import TaskRequest
from runs.keeping.artifacts import NewArtifact, write_artifacts
from runs.keeping.events import EventKind, NewEvent, add_events
from runs.ledger.caps import set_cap
from runs.models import AlertReceiver, Run
from runs.shapes import Mode, NodeStatus, RunStatus
from runs.shapes.alerts import AlertKind, DeliveryState
from smartspawn.access.gates import gate_of, iterate_views
from smartspawn.access.keys import create_key
from smartspawn.access.models import User
from smartspawn.access.shapes import ANONYMOUS, COMMAND_LINE, Actor, Role, Scope
from tests.browser.conftest import OpenPage, Watch
from tests.factories import HOSTILE_NAME, SHA, make_entries, make_snapshot, publish_snapshot
from tests.runs.alerting.rows import make_alert, make_delivery, make_receiver
from tests.runs.connections.builders import make_shown_connections
from tests.runs.rows import make_node, make_run

pytestmark = pytest.mark.browser

# Address pattern -> addresses that show its states. Parts, downloads and forms without a page are not here.
PAGES = {
    "": ["/"],
    "models/": ["/models/", "/models/?q=nothing+at+all", "/models/?max_price=cheap", "/models/?sort=cost&every=on"],
    "models/<path:model_id>/": [
        "/models/initech/gamma-3/#score-coding",
        "/models/hostile/one/",
        "/models/router/auto/",
        "/models/acme/free-1:free/",
        "/models/no/such/",
    ],
    "compare/": [
        "/compare/",
        "/compare/?models=acme/alpha-1",
        "/compare/?models=acme/alpha-1,globex/beta-2,initech/gamma-3,hostile/one,no/such",
        "/compare/?models=acme/alpha-1,globex/beta-2&prompt_mtok=lots",
    ],
    "frontier/": ["/frontier/", "/frontier/?category=coding"],
    "changes/": ["/changes/", "/changes/?kind=removed"],
    "sources/": ["/sources/"],
    "sources/<str:key>/": ["/sources/lmarena/", "/sources/artificial-analysis/"],
    "payloads/<str:sha256>/": [f"/payloads/{SHA}/"],
    "unmatched/": ["/unmatched/", "/unmatched/?q=nothing"],
    "connect/": ["/connect/"],
    "aliases/": ["/aliases/", "/aliases/?q=nothing"],
    "aliases/<int:alias_id>/": ["/aliases/{alias}/"],
    "overrides/": ["/overrides/?model=acme/alpha-1"],
    "overrides/<int:override_id>/": ["/overrides/{override}/"],
    "route/": [
        "/route/",
        "/route/?task=Fix+the+flaky+login+test",
        "/route/?task=coding&budget=low&floor=40&context=vision,python&preference=3",
        "/route/?task=Research+competitors,+then+write+a+pitch+deck+and+review+it&budget=any",
        "/route/?task=Fix+it&minContext=100000000",
        "/route/?task=Fix+it&floor=often",
    ],
    "route/policy/": ["/route/policy/", "/route/policy/?from=default-1"],
    "route/policy/versions/": ["/route/policy/versions/", "/route/policy/versions/?before={version}&after=default-1"],
    "route/what-if/": ["/route/what-if/", "/route/what-if/?now=on&count=20", "/route/what-if/?count=3"],
    "route/what-if/held-back/<str:key>/": ["/route/what-if/held-back/openrouter/"],
    "route/what-if/override/": [
        "/route/what-if/override/",
        "/route/what-if/override/?model_id=acme/alpha-1&field=score.coding&value=5",
        "/route/what-if/override/?remove={override}",
    ],
    "exploration/": ["/exploration/"],
    "exploration/results/": ["/exploration/results/"],
    "limits/": ["/limits/"],
    "limits/site/": ["/limits/site/"],
    "limits/keys/<int:key_id>/": ["/limits/keys/{key}/"],
    "decisions/": ["/decisions/", "/decisions/?model=nothing", "/decisions/?after=nowhere"],
    "decisions/<str:decision_id>/": [
        "/decisions/{decision}/",
        "/decisions/{decision}/?replay=on",
        "/decisions/{swarm}/?replay=on",
        "/decisions/{question}/",
        "/decisions/none/",
    ],
    "community/": ["/community/"],
    "digest/": ["/digest/", "/digest/?of=all"],
    "budgets/": ["/budgets/", "/budgets/?before=nowhere"],
    "budgets/receivers/": ["/budgets/receivers/"],
    "budgets/receivers/<int:receiver_id>/": ["/budgets/receivers/{receiver}/"],
    "caps/": ["/caps/"],
    "caps/uncertain/": ["/caps/uncertain/", "/caps/uncertain/?run={run}", "/caps/uncertain/?before=no"],
    "connections/": ["/connections/"],
    "connections/new/": ["/connections/new/", "/connections/new/?provider=custom"],
    "connections/<slug:key>/": ["/connections/ollama/", "/connections/groq-test/"],
    "runs/": ["/runs/", "/runs/?q=nothing", "/runs/?status=lost"],
    "runs/new/": ["/runs/new/", "/runs/new/?mode=chain&task=Weigh+it", "/runs/new/?mode=research&simulate=on"],
    "runs/<uuid:run_id>/": ["/runs/{run}/", "/runs/{open_run}/"],
    "runs/<uuid:run_id>/nodes/<str:key>/": ["/runs/{run}/nodes/task-1/", "/runs/{run}/nodes/task-2/"],
    "ratings/": ["/ratings/"],
    "ratings/run/<uuid:run_id>/": ["/ratings/run/{run}/"],
    "ratings/run/<uuid:run_id>/<str:node_key>/": ["/ratings/run/{run}/task-1/"],
    "ratings/compare/<uuid:run_id>/": ["/ratings/compare/{run}/"],
    "classifier/": ["/classifier/"],
    "learned/": ["/learned/"],
    "spend/": ["/spend/", "/spend/?range=90d&by=mode", "/spend/?simulated=on"],
    "spend/calls/": ["/spend/calls/?range=7d", "/spend/calls/?status=failed"],
    "spend/savings/": ["/spend/savings/"],
    "spend/cascade/": ["/spend/cascade/"],
    "spend/reconciliation/": ["/spend/reconciliation/", "/spend/reconciliation/?mode=single"],
    "judges/": ["/judges/"],
    "spend/prices/": ["/spend/prices/"],
    "spend/forecast/": ["/spend/forecast/"],
    "api/docs/": ["/api/docs/"],
    "account/": ["/account/"],
    "account/keys/": ["/account/keys/"],
    "people/": ["/people/"],
    "people/<int:user_id>/": ["/people/{user}/"],
    "audit/": ["/audit/"],
    "storage/": ["/storage/"],
}
NOT_PAGES = {
    "models/_results",
    "models/_download.<str:kind>",
    "sources/_progress",
    "aliases/export.yaml",
    "overrides/export.yaml",
    "audit.csv",
    "caps/_mine",
    "budgets/_notices",
    "spend/rows.csv",
    "spend/calls.csv",
    "spend/savings.csv",
    "spend/cascade.csv",
    "runs/<uuid:run_id>/_live",
    "ratings/_run/<uuid:run_id>",
    "ratings/_run/<uuid:run_id>/<str:node_key>",
    "ratings/_save",
    "ratings/_withdraw",
    "route/_answer",
    "route/policy/export.yaml",
    "route/what-if/_found",
    "decisions/<str:decision_id>/_replay",
}
PLAIN_PAGES = ["/sign-in/", "/sign-in/link/nonsense/"]  # for those who are not signed in
FORMS = ("refresh/", "_refresh", "switch/", "/key/", "remove/", "settle/", "_settle", "save/", "import/", "revoke/")
FORMS += (
    "runs/_preview",
    "reset/",
    "test/",
    "_test",
    "approve/",
    "cancel/",
    "retry/",
    "rerun/",
    "role/",
    "active/",
    "link/",
    "correct/",
    "_correct",
    "accept/",
    "_editor",
    "_findings",
    "restore/",
    "_effect",
    "withdraw/",
    "bulk/",
    "prefer/",
    "seen/",
    "share/",
    "prices/check/",
    "evaluate/",
    "_seen",
    "secret/",
    "again/",
)

HOSTILE_TEXT = f"# {HOSTILE_NAME}\n\n| a | b |\n|---|---|\n| {'x' * 300} | 2 |\n\n![x](https://elsewhere.example/p.png)"
LOOKS = [(1280, "light"), (390, "dark")]
NARROWEST = 320


@pytest.fixture
def site(live_server: Any) -> str:
    """A small catalogue: axe takes its time with each row, and one row is like the next."""
    publish_snapshot(make_snapshot(*make_entries(8)))
    return str(live_server.url)


def make_runs() -> tuple[Run, Run]:
    """A run that ended with hostile text in every place, and one that waits for a yes."""
    run = make_run(task=HOSTILE_NAME, status=RunStatus.FAILED, error=HOSTILE_NAME, mode=Mode.COLLECTIVE)
    make_node(run, "task-1", NodeStatus.COMPLETED, title=HOSTILE_NAME, model_id="acme/alpha-1", duration_ms=1234)
    make_node(run, "task-2", NodeStatus.FAILED, error=HOSTILE_NAME, hint="Look at it.", depends_on=["task-1"])
    texts = [NewArtifact("task-1", "raw", HOSTILE_TEXT), NewArtifact("merged", "merged", HOSTILE_TEXT)]
    write_artifacts(run.pk, texts)
    add_events(run.pk, [NewEvent(EventKind.RUN_FAILED, message=HOSTILE_NAME)])
    return run, make_run(task="Wait for a yes", status=RunStatus.AWAITING_APPROVAL, cap_nano_usd=10**9)


def make_told_budgets() -> AlertReceiver:
    """A budget that was told of, and a receiver that got one message and did not get another."""
    set_cap(actor=COMMAND_LINE, scope="site", kind="day", cap_nano_usd=10**9)
    make_alert(scope="site", percent=80)
    make_alert(scope="site", percent=100, kind=AlertKind.REFUSED)
    receiver = make_receiver(User.objects.get(username="some-viewer"), address="https://hooks.example/" + "x" * 300)
    make_delivery(receiver, state=DeliveryState.SENT)
    make_delivery(receiver, state=DeliveryState.DEAD, error="It answered 500.")
    return receiver


@pytest.fixture
def addresses(site: str) -> list[str]:
    """Every page's addresses, with rows behind those that need one."""
    set_alias(actor=COMMAND_LINE, alias=Alias(source="lmarena", name="mystery", model_id="acme/alpha-1", why="seen"))
    set_override(
        actor=COMMAND_LINE,
        override=Override(model_id="acme/alpha-1", field="score.coding", value="50", why="measured here"),
    )
    user, _ = User.objects.get_or_create(username="some-viewer", defaults={"role": Role.VIEWER})
    asking = Actor(label="some-viewer", role=Role.VIEWER, user_id=user.pk)
    decision = recommend(request=TaskRequest("Fix the flaky login test", count=2), actor=asking)
    parts = swarm(request=DecomposeRequest("1. Design the schema\n2. Build the API\n3. Deploy it"), actor=asking)
    question = recommend(request=TaskRequest("coding"), actor=ANONYMOUS, is_stored=False)
    run, open_run = make_runs()
    make_shown_connections()
    key = create_key(actor=user.as_actor(), name="ci", scopes=frozenset({Scope.CATALOG_READ}), expires_at=None)
    changed = {**document_of(shipped_rules()), "driver_margin_score": 5}
    ids = {
        "receiver": make_told_budgets().pk,
        "key": key.key_id,
        "version": save_rules(changed, actor=COMMAND_LINE, why="closer").version,
        "run": str(run.pk),
        "open_run": str(open_run.pk),
        "decision": decision.decision_id,
        "swarm": parts.steps.decision_id,
        "question": question.decision_id,
        "alias": AliasRow.objects.get().pk,
        "override": OverrideRow.objects.get().pk,
        "user": user.pk,
    }
    return [address.format(**ids) for listed in PAGES.values() for address in listed]


def test_no_page_is_left_out() -> None:
    pages = {
        route
        for route, view in iterate_views(get_resolver().url_patterns)
        if (gate := gate_of(view)) is not None and gate.role is not None
    }
    forms = {route for route in pages if route.endswith(FORMS)}

    assert pages - forms - NOT_PAGES == set(PAGES)


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_every_page_is_accessible(
    width: int, theme: str, addresses: list[str], open_page: OpenPage, watch: Watch, axe_source: str
) -> None:
    # Some addresses are wrong on purpose.
    watch.expected = ("status of 400", "status of 404", "status of 410", "status of 422")
    page = open_page(Role.ADMIN, viewport={"width": width, "height": 900}, color_scheme=theme)
    faults = [fault for address in addresses for fault in violations(page, address, axe_source)]
    nobody = open_page(None, viewport={"width": width, "height": 900}, color_scheme=theme)
    faults += [fault for address in PLAIN_PAGES for fault in violations(nobody, address, axe_source)]

    assert "\n".join(faults) == ""


def test_every_page_fits_the_narrowest_screen(addresses: list[str], open_page: OpenPage, watch: Watch) -> None:
    watch.expected = ("status of 400", "status of 404", "status of 422")
    page = open_page(Role.ADMIN, viewport={"width": NARROWEST, "height": 700})
    wide = []
    for address in addresses:
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > NARROWEST:
            wide.append((address, width))

    assert wide == []  # each with its width


def violations(page: Page, address: str, axe_source: str) -> list[str]:
    """What axe finds wrong with the page, each with where."""
    page.goto(address)
    page.evaluate(axe_source)  # by the debugger, past the CSP
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{address}: {item['id']} ({item['impact']}) at {node['target']}: {node['html'][:120]}"
        for item in found["violations"]
        for node in item["nodes"][:3]
    ]
