"""The addresses of the catalog's pages; those of its HTTP API stand in ``api_urls.py``."""

from __future__ import annotations

from django.urls import path
from django.views.decorators.http import require_safe

from catalog.feed import ChangesFeed
from catalog.views import (
    aliases,
    api_docs,
    changes,
    compare,
    frontier,
    model,
    models,
    names,
    overrides,
    overview,
    sources,
)
from smartspawn.access.gates import requires_scope
from smartspawn.access.shapes import Scope

app_name = "catalog"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("models/", models.models, name="models"),
    path("models/_results", models.models_results, name="models-results"),
    path("models/_download.<str:kind>", models.models_download, name="models-download"),
    path("models/<path:model_id>/", model.model, name="model"),
    path("compare/", compare.compare, name="compare"),
    path("frontier/", frontier.frontier, name="frontier"),
    path("changes/", changes.changes, name="changes"),
    path(
        "changes/feed.atom",
        requires_scope(Scope.CATALOG_READ, is_open=True)(require_safe(ChangesFeed())),
        name="changes-feed",
    ),
    path("sources/", sources.sources, name="sources"),
    path("sources/refresh/", sources.refresh_start, name="source-refresh"),
    path("sources/_refresh", sources.refresh_start_part, name="source-refresh-part"),
    path("sources/_progress", sources.refresh_progress, name="refresh-progress"),
    path("sources/<str:key>/", sources.source, name="source"),
    path("sources/<str:key>/switch/", sources.source_switch, name="source-switch"),
    path("sources/<str:key>/accept/", sources.source_accept, name="source-accept"),
    path("sources/<str:key>/key/", sources.source_key, name="source-key"),
    path("sources/<str:key>/key/remove/", sources.source_key_remove, name="source-key-remove"),
    path("payloads/<str:sha256>/", sources.payload, name="payload"),
    path("unmatched/", names.unmatched, name="unmatched"),
    path("unmatched/settle/", names.settle, name="unmatched-settle"),
    path("unmatched/_settle", names.settle_part, name="unmatched-settle-part"),
    path("aliases/", aliases.aliases, name="aliases"),
    path("aliases/save/", aliases.alias_save, name="alias-save"),
    path("aliases/import/", aliases.aliases_import, name="aliases-import"),
    path("aliases/export.yaml", aliases.aliases_export, name="aliases-export"),
    path("aliases/<int:alias_id>/", aliases.alias, name="alias"),
    path("aliases/<int:alias_id>/remove/", aliases.alias_remove, name="alias-remove"),
    path("overrides/", overrides.overrides, name="overrides"),
    path("overrides/save/", overrides.override_save, name="override-save"),
    path("overrides/import/", overrides.overrides_import, name="overrides-import"),
    path("overrides/export.yaml", overrides.overrides_export, name="overrides-export"),
    path("overrides/<int:override_id>/", overrides.override, name="override"),
    path("overrides/<int:override_id>/remove/", overrides.override_remove, name="override-remove"),
    path("api/docs/", api_docs.api_docs, name="api-docs"),
]
