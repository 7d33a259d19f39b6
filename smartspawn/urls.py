"""Every address of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from catalog import api as catalog_api
from smartspawn.access.gates import requires_scope
from smartspawn.access.shapes import Scope
from smartspawn.health import healthz, readyz

schema = requires_scope(Scope.CATALOG_READ, is_open=True)(SpectacularAPIView.as_view())

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", include("smartspawn.access.urls")),
    path("", include("catalog.urls")),
    path("", include("routing.urls")),
    path("", include("runs.urls")),
    path("api", catalog_api.root, name="api-root"),
    path("api/schema/", schema, name="api-schema"),
    path("api/", include("catalog.api_urls")),
    path("api/", include("routing.api_urls")),
    path("api/", include("routing.decompose.urls")),
    path("api/", include("routing.roles.urls")),
    path("api/", include("runs.api_urls")),
]
