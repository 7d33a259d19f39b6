"""The JSON address of the digest, below /api/."""

from django.urls import path

from feedback.digest import api

urlpatterns = [path("digest", api.digest, name="api-digest")]
