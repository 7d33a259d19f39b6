"""What composing a role accepts."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from routing.roles.shapes import RoleRequest

# More than there are blocks of any kind; a longer list is a mistake or an attack.
MAX_IDS: Final = 200
# A role of every block there is has some ten thousand words.
MAX_WORDS: Final = 100_000


class _TextField(serializers.CharField):
    """Text and nothing else: DRF would take a number for its digits."""

    default_error_messages = {"invalid": "This must be a text."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class _IdField(_TextField):
    """An id that may be left out or empty; null is a wrong type, not an absence."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_blank=True, **options)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        if data is None:
            self.fail("invalid")
        return super().validate_empty_values(data)


class _IdListField(serializers.ListField):
    """A list of ids that may be left out or empty; null is no list."""

    child = _IdField()
    default_error_messages = {"not_a_list": "This must be a list of texts."}

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        if data is None:
            self.fail("not_a_list")
        return super().validate_empty_values(data)


class _CountField(serializers.IntegerField):
    """A whole number as JSON writes it; a text or null is none."""

    default_error_messages = {"invalid": "This must be a whole number."}

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        if data is None:
            self.fail("invalid")
        return super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int):  # true and false are refused below
            self.fail("invalid")
        return super().to_internal_value(data)


class ComposeRoleInput(serializers.Serializer[RoleRequest]):
    """POST /api/roles/compose."""

    task = _TextField(trim_whitespace=False, help_text="What is to be done; it ends the prompt unchanged.")
    persona = _IdField(required=False, help_text="Who speaks, such as fullstack-engineer.")
    stack = _IdListField(required=False, max_length=MAX_IDS, help_text="Technologies, in the order wanted.")
    domain = _IdField(required=False, help_text="The field of business, such as saas.")
    format = _IdField(required=False, help_text="The kind of output, such as review.")
    guardrails = _IdListField(
        required=False, max_length=MAX_IDS, help_text="Rules; without any, those that the persona brings along."
    )
    maxWords = _CountField(  # noqa: N815 - the wire's name
        required=False,
        min_value=1,
        max_value=MAX_WORDS,
        help_text="Keep the role, without the task, within this many words; warnings name what was left out.",
    )

    def validate_task(self, task: str) -> str:
        if not task.strip():
            raise serializers.ValidationError("This field may not be blank.", code="blank")
        return task

    def to_request(self) -> RoleRequest:
        """The request. Call after ``is_valid``."""
        given = self.validated_data
        return RoleRequest(
            task=given["task"],
            persona=given.get("persona", ""),
            stack=tuple(given.get("stack", ())),
            domain=given.get("domain", ""),
            output_format=given.get("format", ""),
            guardrails=tuple(given.get("guardrails", ())),
            max_words=given.get("maxWords"),
        )
