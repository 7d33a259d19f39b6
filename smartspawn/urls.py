"""Every address of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from catalog import api as catalog_api
from smartspawn.access.gates import requires_scope
from smartspawn.access.shapes import Scope
from smartspawn.health import healthz, readyz
from smartspawn.mcp.http import endpoint as mcp_endpoint
from smartspawn.metrics.views import metrics

schema = requires_scope(Scope.CATALOG_READ, is_open=True)(SpectacularAPIView.as_view())

# Programs ask most: their addresses are tried before the pages', and the busiest of them first.
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("routing.api_urls")),
    path("", include("routing.decompose.urls")),
    path("", include("catalog.api_urls")),
    path("", include("routing.roles.urls")),
    path("", include("runs.api_urls")),
    path("", include("feedback.api_urls")),
    path("", include("feedback.community.api_urls")),
    path("", include("feedback.digest.api_urls")),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("mcp", mcp_endpoint, name="mcp"),
    path("metrics", metrics, name="metrics"),
    path("api", catalog_api.root, name="api-root"),
    path("api/schema/", schema, name="api-schema"),
    path("api/", include(api_urlpatterns)),
    path("v1/", include("runs.chat.urls")),
    path("", include("smartspawn.access.urls")),
    path("", include("smartspawn.connect.urls")),
    path("", include("smartspawn.storage.urls")),
    path("", include("catalog.urls")),
    path("", include("routing.urls")),
    path("", include("runs.urls")),
    path("", include("feedback.urls")),
    path("", include("feedback.community.urls")),
    path("", include("feedback.digest.urls")),
]
