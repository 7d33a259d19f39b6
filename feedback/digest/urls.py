"""The address of the digest's page."""

from __future__ import annotations

from django.urls import path

from feedback.digest import views

app_name = "digest"
urlpatterns = [path("digest/", views.digest, name="digest")]
