"""What the access pages accept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils import timezone
from rest_framework import serializers

from smartspawn.access.models import User
from smartspawn.access.shapes import AuditCursor, AuditFilter, Role, Scope

NAME_MAX_CHARS = 150
_PASSWORD_MAX_CHARS = 1000
_WHY_MAX_CHARS = 500
# A key that is forgotten should end by itself; "never" is there for who says so.
LIFETIMES = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "1 year", "never": "Never"}
DEFAULT_LIFETIME = "90"


class SigninInput(serializers.Serializer[None]):
    """A name and a password."""

    username = serializers.CharField(
        max_length=NAME_MAX_CHARS, error_messages={"blank": "Enter your name.", "required": "Enter your name."}
    )
    password = serializers.CharField(
        max_length=_PASSWORD_MAX_CHARS,
        trim_whitespace=False,
        error_messages={"blank": "Enter your password.", "required": "Enter your password."},
    )


class PasswordInput(serializers.Serializer[None]):
    """A new password, twice, and the present one where the person must prove to know it."""

    current = serializers.CharField(
        max_length=_PASSWORD_MAX_CHARS, trim_whitespace=False, required=False, allow_blank=True, default=""
    )
    new = serializers.CharField(max_length=_PASSWORD_MAX_CHARS, trim_whitespace=False)
    again = serializers.CharField(max_length=_PASSWORD_MAX_CHARS, trim_whitespace=False)

    def __init__(self, *args: Any, user: User, must_prove: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user
        self._must_prove = must_prove

    def validate_new(self, value: str) -> str:
        try:
            validate_password(value, self._user)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from error
        return value

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        if self._must_prove and not attrs["current"]:
            raise serializers.ValidationError({"current": "Enter your present password."})
        if attrs["new"] != attrs["again"]:
            raise serializers.ValidationError({"again": "The two new passwords differ."})
        return attrs


class KeyInput(serializers.Serializer[None]):
    """A new API key: what it is called, what it may do, how long it lasts."""

    name = serializers.CharField(max_length=60, error_messages={"blank": "Give the key a name."})
    scopes = serializers.MultipleChoiceField(
        choices=[scope.value for scope in Scope],
        allow_empty=False,
        error_messages={
            "empty": "Choose at least one thing that the key may do.",
            "required": "Choose at least one thing that the key may do.",
        },
    )
    lifetime = serializers.ChoiceField(choices=list(LIFETIMES), default=DEFAULT_LIFETIME)

    def scopes_wanted(self) -> frozenset[Scope]:
        """The scopes that were ticked."""
        return frozenset(Scope(name) for name in self.validated_data["scopes"])

    def expires_at(self) -> datetime | None:
        """When the key ends, None for never."""
        lifetime = self.validated_data["lifetime"]
        return None if lifetime == "never" else timezone.now() + timedelta(days=int(lifetime))


class UserInput(serializers.Serializer[None]):
    """A new person."""

    username = serializers.CharField(
        max_length=NAME_MAX_CHARS,
        validators=[UnicodeUsernameValidator()],
        error_messages={"blank": "Enter a name.", "required": "Enter a name."},
    )
    role = serializers.ChoiceField(choices=[role.value for role in Role], default=Role.VIEWER.value)


class RoleInput(serializers.Serializer[None]):
    """Another role for a person, and why."""

    role = serializers.ChoiceField(choices=[role.value for role in Role])
    why = serializers.CharField(max_length=_WHY_MAX_CHARS, required=False, allow_blank=True, default="")


class ActivityInput(serializers.Serializer[None]):
    """Whether a person may sign in, and why."""

    active = serializers.ChoiceField(choices=["yes", "no"])
    why = serializers.CharField(max_length=_WHY_MAX_CHARS, required=False, allow_blank=True, default="")


class _OptionalDateField(serializers.DateField):
    """A date input that was left empty is no date."""

    def to_internal_value(self, value: Any) -> Any:
        return None if value == "" else super().to_internal_value(value)


class AuditQuery(serializers.Serializer[None]):
    """Which entries of the audit log to show."""

    actor = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    action = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    subject = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    since = _OptionalDateField(required=False, default=None)
    until = _OptionalDateField(required=False, default=None)
    after = serializers.RegexField(r"^\d{1,17}-\d{1,18}\Z", required=False, allow_blank=True, default="")

    def to_filter(self) -> AuditFilter:
        """The filter that was asked for."""
        return AuditFilter(**{name: self.validated_data[name] for name in AuditFilter.__slots__})

    def cursor(self) -> AuditCursor | None:
        """The place after which to go on, None for the start."""
        return parse_cursor(self.validated_data["after"])


_EPOCH = datetime.fromtimestamp(0, tz=timezone.get_fixed_timezone(0))


def format_cursor(cursor: AuditCursor) -> str:
    """The cursor as it stands in an address: microseconds since 1970, and the entry."""
    return f"{(cursor.at - _EPOCH) // timedelta(microseconds=1)}-{cursor.entry_id}"


def parse_cursor(text: str) -> AuditCursor | None:
    """The cursor in an address; None for the start."""
    if not text:
        return None
    at_us, _, entry_id = text.partition("-")
    return AuditCursor(at=_EPOCH + timedelta(microseconds=int(at_us)), entry_id=int(entry_id))
