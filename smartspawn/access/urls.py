"""The addresses of access."""

from __future__ import annotations

from django.urls import path

from smartspawn.access.views import audit, keys, signin, users

app_name = "access"

urlpatterns = [
    path("sign-in/", signin.sign_in, name="sign-in"),
    path("sign-in/link/<str:token>/", signin.signin_link, name="signin-link"),
    path("sign-out/", signin.sign_out, name="sign-out"),
    path("account/", signin.account, name="account"),
    path("account/keys/", keys.keys, name="keys"),
    path("account/keys/<int:key_id>/revoke/", keys.revoke, name="key-revoke"),
    path("people/", users.users, name="users"),
    path("people/<int:user_id>/", users.person, name="user"),
    path("people/<int:user_id>/role/", users.role, name="user-role"),
    path("people/<int:user_id>/active/", users.active, name="user-active"),
    path("people/<int:user_id>/link/", users.link, name="user-link"),
    path("audit/", audit.audit_log, name="audit"),
    path("audit.csv", audit.audit_csv, name="audit-csv"),
]
