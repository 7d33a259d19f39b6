"""People, the links and keys that let them in, and the record of what they changed."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.contrib.auth.models import AbstractUser, UserManager
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from smartspawn.access.shapes import Actor, Role, Scope, scopes_within


class PeopleManager(UserManager["User"]):
    """Django's manager, for whose ``createsuperuser`` command an admin is an admin."""

    use_in_migrations = False

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **extra_fields: Any
    ) -> User:
        return super().create_superuser(username, email, password, **{"role": Role.ADMIN, **extra_fields})


class User(AbstractUser):
    """A person who signs in."""

    role = models.CharField(
        max_length=10, choices=[(role.value, role.name.title()) for role in Role], default=Role.VIEWER
    )

    objects: ClassVar[PeopleManager] = PeopleManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="user_role_is_known"
            )
        ]

    def as_actor(self, address: str = "") -> Actor:
        """This person as the one who asks."""
        role = Role(self.role)
        return Actor(label=self.username, role=role, scopes=scopes_within(role), user_id=self.pk, address=address)


class SigninLink(models.Model):
    """A link that signs one person in once; only the digest of its token is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="signin_links")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sign-in link for {self.user.username}"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self) -> ApiKeyQuerySet:
        """Keys that open something now: not revoked, not expired, of an active person."""
        is_unexpired = models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now())
        return self.filter(is_unexpired, revoked_at=None, owner__is_active=True)


class ApiKey(models.Model):
    """A key that lets a program in; found by its prefix, proven by the digest of the whole token."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["owner", "-created_at"], name="api_key_by_owner")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def as_actor(self, address: str = "") -> Actor:
        """This key as the one who asks; it never reaches further than its owner's present role."""
        scopes = frozenset(scope for scope in Scope if scope.value in self.scopes)
        return Actor(
            label=f"key {self}",
            scopes=scopes & scopes_within(Role(self.owner.role)),
            user_id=self.owner_id,
            key_id=self.pk,
            address=address,
        )


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """Rows that can be added and read, and nothing else."""

    def update(self, **_fields: Any) -> NoReturn:
        raise TypeError("The audit log is append-only: an entry cannot be changed.")

    def delete(self) -> NoReturn:
        raise TypeError("The audit log is append-only: an entry cannot be deleted.")

    def bulk_update(self, *_args: Any, **_fields: Any) -> NoReturn:
        raise TypeError("The audit log is append-only: an entry cannot be changed.")


class AuditEntry(models.Model):
    """Who changed what, when and why; the database itself refuses to change an entry."""

    at = models.DateTimeField(default=timezone.now)
    # Plain values instead of foreign keys: an entry outlives the person and the key.
    actor = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True, blank=True)
    key_id = models.BigIntegerField(null=True, blank=True)
    address = models.CharField(max_length=45, blank=True)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=300)
    before = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    why = models.TextField(blank=True)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        # One index for each way to filter, ending in the page order, so that a page is a short walk.
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["actor", "-at", "-id"], name="audit_by_actor"),
            models.Index(fields=["action", "-at", "-id"], name="audit_by_action"),
            models.Index(fields=["subject", "-at", "-id"], name="audit_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor}: {self.action} {self.subject}"

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("The audit log is append-only: an entry cannot be deleted.")
