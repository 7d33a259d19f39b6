"""What routing keeps: what was learned, what is forbidden, what was decided.

Rows that decide a choice are never changed: a new one takes over from a routing revision on, so that a
decision can be made again as of its revision.
"""

from __future__ import annotations

import uuid
from typing import Self, TypeVar

from django.db import models

from catalog.shapes import Category
from routing.packed import PackedField
from routing.shapes import Evidence

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


class RoutingRevision(models.Model):
    """One row: the number of the last change to anything that decides a choice, beside the catalogue."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    revision = models.PositiveBigIntegerField(default=0)
    # A number alone is not enough: a database put back from a backup gives the same ones out again.
    token = models.UUIDField(default=uuid.uuid4)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_routing_revision")]

    def __str__(self) -> str:
        return f"routing revision {self.revision}"


class DatedQuerySet(models.QuerySet[Row_co]):
    """Rows that hold from one routing revision until another."""

    def as_of(self, revision: int) -> Self:
        """The rows that held at this revision."""
        is_not_over = models.Q(valid_until=None) | models.Q(valid_until__gt=revision)
        return self.filter(is_not_over, valid_from__lte=revision)

    def current(self) -> Self:
        """The rows that hold now."""
        return self.filter(valid_until=None)


class AdjustmentRow(models.Model):
    """What was learned about a model in a category, for everybody or for one person."""

    scope = models.CharField(max_length=40, blank=True, default="")  # "": everybody; "user:5"
    evidence = models.CharField(max_length=12, choices=[(item.value, item.value) for item in Evidence])
    model_id = models.CharField(max_length=200)
    category = models.CharField(max_length=12, choices=[(item.value, item.value) for item in Category])
    context_tag = models.CharField(max_length=100, blank=True, default="")
    success_share = models.FloatField()
    sample_count = models.FloatField()
    updated_at = models.DateTimeField(null=True)
    valid_from = models.PositiveBigIntegerField()
    valid_until = models.PositiveBigIntegerField(null=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "evidence", "model_id", "category", "context_tag"],
                condition=models.Q(valid_until=None),
                name="one_current_adjustment",
            ),
            models.CheckConstraint(
                condition=models.Q(success_share__gte=0, success_share__lte=1, sample_count__gte=0),
                name="adjustment_is_a_rate",
            ),
        ]
        indexes = [models.Index(fields=["scope", "valid_until"], name="adjustment_by_scope")]

    def __str__(self) -> str:
        return f"{self.evidence} {self.model_id} {self.category}: {self.success_share:.2f} of {self.sample_count:.1f}"


class _ScopedWord(models.Model):
    """What somebody laid down for the site, a person or a key, from one routing revision until another."""

    scope = models.CharField(max_length=40)  # "site", "user:5", "key:7"
    rules = models.JSONField(default=dict)
    by = models.CharField(max_length=200)
    why = models.CharField(max_length=500, blank=True, default="")
    at = models.DateTimeField()
    valid_from = models.PositiveBigIntegerField()
    valid_until = models.PositiveBigIntegerField(null=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        abstract = True


class LimitsRow(_ScopedWord):
    """What the site, a person or a key may not be given, as the fields of ``Limits``."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope"], condition=models.Q(valid_until=None), name="one_current_limits_row"
            )
        ]

    def __str__(self) -> str:
        return f"limits of {self.scope}"


class RouteRulesRow(models.Model):
    """One version of a site's own rules for kickoffs; its key is the version's number."""

    document = models.JSONField()
    by = models.CharField(max_length=200)
    why = models.CharField(max_length=500, blank=True, default="")
    at = models.DateTimeField()
    valid_from = models.PositiveBigIntegerField()
    valid_until = models.PositiveBigIntegerField(null=True)

    objects = DatedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"rules site-{self.pk}"


class StoredDecision(models.Model):
    """A choice that was made, with all that is needed to make it again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    made_at = models.DateTimeField()
    kind = models.CharField(max_length=12)
    actor = models.CharField(max_length=200)
    # Plain values instead of foreign keys: a decision outlives the person and the key.
    user_id = models.BigIntegerField(null=True)
    key_id = models.BigIntegerField(null=True)
    task = models.TextField()  # its beginning; the whole is not needed to choose again
    task_sha256 = models.CharField(max_length=64)
    category = models.CharField(max_length=12)
    budget = models.CharField(max_length=8)
    chosen = models.JSONField(default=list)
    reason = models.TextField(blank=True, default="")
    catalog_revision = models.PositiveBigIntegerField()
    policy_version = models.CharField(max_length=100)
    adjustment_revision = models.PositiveBigIntegerField()
    basis = PackedField()  # features, limits, preference, count; of a task in parts, its parts
    outcome = PackedField()  # the ranked candidates as they were shown, with removals; of parts, their graph

    class Meta:
        # The list goes by time, under any of its filters: what an index holds besides is tested without the row.
        indexes = [
            models.Index(fields=["-made_at"], name="decision_by_time"),
            models.Index(fields=["user_id", "-made_at", "kind", "category"], name="decision_by_user"),
            models.Index(fields=["kind", "-made_at", "category", "user_id"], name="decision_by_kind"),
            models.Index(fields=["category", "-made_at", "kind", "user_id"], name="decision_by_category"),
            models.Index(fields=["catalog_revision"], name="decision_by_revision"),
            models.Index(fields=["made_at"], name="decision_with_text", condition=~models.Q(task="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}: {', '.join(self.chosen)}"


class ChosenModel(models.Model):
    """A model that a decision chose, with what the list of decisions is filtered by: an index, made by hand."""

    decision = models.ForeignKey(StoredDecision, on_delete=models.CASCADE, related_name="models")
    model_id = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    user_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=12)
    category = models.CharField(max_length=12)

    class Meta:
        indexes = [
            models.Index(fields=["model_id", "-made_at", "user_id", "kind", "category"], name="decision_by_model"),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} by {self.decision_id}"


class RouteSession(models.Model):
    """The model that a task in progress is locked to; ``version`` rises with every change of it."""

    scope = models.CharField(max_length=40)  # whose session ids these are: "user:5", "open"
    session_id = models.CharField(max_length=200)
    task_sha256 = models.CharField(max_length=64)
    tier = models.CharField(max_length=40)
    driver = models.CharField(max_length=40)
    model_id = models.CharField(max_length=200)
    decision = models.ForeignKey(StoredDecision, null=True, on_delete=models.SET_NULL, related_name="sessions")
    is_overridden = models.BooleanField(default=False)  # a person chose: nothing but a person chooses again
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "session_id"], name="one_lock_per_session")]
        indexes = [models.Index(fields=["used_at"], name="session_by_use")]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.driver} {self.model_id}"


class DecisionOverride(models.Model):
    """A person's word against a decision, kept for learning."""

    decision = models.ForeignKey(StoredDecision, on_delete=models.CASCADE, related_name="overrides")
    model_id = models.CharField(max_length=200)
    driver = models.CharField(max_length=40, blank=True, default="")
    why = models.CharField(max_length=500, blank=True, default="")
    by = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.model_id} instead of {self.decision_id}"


class Correction(models.Model):
    """What a person says the right label of a task is, where the classifier said another."""

    task = models.TextField()  # as much of it as a classifier reads, and more
    task_sha256 = models.CharField(max_length=64)  # of the whole
    head = models.CharField(max_length=12)  # "category", "task_type", "complexity", "risk"
    predicted = models.CharField(max_length=12)
    right = models.CharField(max_length=12)
    engine = models.CharField(max_length=200)  # what predicted it
    by = models.CharField(max_length=200)
    user_id = models.BigIntegerField()  # plain, as in decisions: what was said outlives who said it
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task_sha256", "user_id", "head"], name="one_correction_each"),
            models.CheckConstraint(condition=~models.Q(right=models.F("predicted")), name="correction_differs"),
        ]

    def __str__(self) -> str:
        return f"{self.head} is {self.right}, not {self.predicted}"


class ExplorationRow(_ScopedWord):
    """How far others than the leader may be tried: of the site, a person or a key, as the fields of ``Terms``."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope"], condition=models.Q(valid_until=None), name="one_current_exploration_row"
            )
        ]

    def __str__(self) -> str:
        return f"exploration of {self.scope}"


class ExplorationAccount(models.Model):
    """What a person's picks have earned and used of trying others; whoever changes it locks the row."""

    user_id = models.BigIntegerField(primary_key=True)  # plain, as in decisions
    credit_permille = models.PositiveIntegerField(default=0)  # a thousand are one pick
    eligible_count = models.PositiveBigIntegerField(default=0)
    tried_count = models.PositiveBigIntegerField(default=0)
    day = models.DateField(null=True)  # in UTC, of the last pick that was tried
    day_extra_nano_usd = models.PositiveBigIntegerField(default=0)  # expected beyond the leaders, on that day

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(credit_permille__lte=1000), name="credit_is_one_pick_at_most")
        ]

    def __str__(self) -> str:
        return f"user {self.user_id}: {self.tried_count} of {self.eligible_count} tried"


class ExploredPick(models.Model):
    """A decision that took another model than the leader, in order to learn."""

    decision = models.OneToOneField(StoredDecision, primary_key=True, on_delete=models.CASCADE, related_name="explored")
    made_at = models.DateTimeField()
    user_id = models.BigIntegerField()
    kind = models.CharField(max_length=12)
    category = models.CharField(max_length=12)
    model_id = models.CharField(max_length=200)
    leader_id = models.CharField(max_length=200)
    behind_points = models.FloatField()
    extra_nano_usd = models.BigIntegerField()  # expected for a task of usual length; below zero: cheaper

    class Meta:
        indexes = [models.Index(fields=["user_id", "-made_at"], name="explored_by_user")]

    def __str__(self) -> str:
        return f"{self.model_id} instead of {self.leader_id}"
