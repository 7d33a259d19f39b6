"""The addresses of the community's page."""

from __future__ import annotations

from django.urls import path

from feedback.community import views

app_name = "community"
urlpatterns = [
    path("community/", views.community, name="community"),
    path("community/share/", views.share, name="share"),
    path("community/switch/", views.switch, name="switch"),
    path("community/import/", views.bring, name="import"),
    path("community/remove/", views.remove, name="remove"),
]
