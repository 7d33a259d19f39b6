"""The addresses of connecting."""

from __future__ import annotations

from django.urls import path

from smartspawn.connect import views

app_name = "connect"

urlpatterns = [
    path("connect/", views.connect, name="connect"),
    path("skill.md", views.skill, name="skill"),
]
