"""What is kept of the community: this site's switches, votes without names, scores of publishers, what was sent."""

from __future__ import annotations

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from catalog.shapes import Category
from feedback.community.shapes import PostKind, PostState

_CATEGORIES = [(item.value, item.value) for item in Category]


def new_salt() -> str:
    """A salt that nobody can guess."""
    return secrets.token_hex(32)


class CommunitySite(models.Model):
    """How this site takes part; one row."""

    publisher = models.UUIDField(default=uuid.uuid4)  # the name under which its own scores go out
    is_server = models.BooleanField(default=False)
    is_counting = models.BooleanField(default=True)  # do the scores move choices here?
    is_fetching = models.BooleanField(default=False)
    fetched_at = models.DateTimeField(null=True)
    fetch_error = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"community site {self.publisher}"


class NetworkSalt(models.Model):
    """What a month's network hashes are made with; when it is deleted, nobody can tell whose they were."""

    month = models.DateField(primary_key=True)
    salt = models.CharField(max_length=64, default=new_salt)

    def __str__(self) -> str:
        return f"salt of {self.month:%Y-%m}"


class BallotRow(models.Model):
    """The ratings of one instance for one model and category in one month, summed up."""

    instance = models.CharField(max_length=64)
    network = models.CharField(max_length=64)
    month = models.DateField()
    model_id = models.CharField(max_length=200)
    category = models.CharField(max_length=12, choices=_CATEGORIES)
    score_sum = models.PositiveBigIntegerField(default=0)
    rating_count = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instance", "model_id", "category", "month"], name="one_ballot_a_month"),
            models.CheckConstraint(
                condition=models.Q(score_sum__gte=models.F("rating_count"))
                & models.Q(score_sum__lte=models.F("rating_count") * 5),
                name="ballot_is_one_to_five",
            ),
        ]
        indexes = [
            models.Index(fields=["month", "network"], name="ballot_by_network"),
            models.Index(fields=["model_id", "category"], name="ballot_by_model"),
        ]

    def __str__(self) -> str:
        return f"{self.rating_count} for {self.model_id} on {self.category} in {self.month:%Y-%m}"


class ReportReceipt(models.Model):
    """Under which key a report came, so that the same sent twice is one."""

    said_under = models.CharField(max_length=64, unique=True)
    body_sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"receipt {self.pk}"


class CommunityScoreRow(models.Model):
    """What one publisher says of one model in one category."""

    publisher = models.UUIDField()
    is_imported = models.BooleanField(default=False)  # by hand, from a file
    model_id = models.CharField(max_length=200)
    category = models.CharField(max_length=12, choices=_CATEGORIES)
    mean_score = models.FloatField()
    success_share = models.FloatField()
    vote_weight = models.FloatField()
    reporter_count = models.PositiveIntegerField()
    rating_count = models.PositiveBigIntegerField()
    last_at = models.DateTimeField()
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["publisher", "model_id", "category"], name="one_score_a_publisher"),
            models.CheckConstraint(
                condition=models.Q(success_share__range=(0, 1)) & models.Q(mean_score__range=(1, 5)),
                name="community_score_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} on {self.category}: {self.mean_score:.2f}"


class Sharer(models.Model):
    """A person who shares ratings, or has done so; no row: never."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+")
    is_on = models.BooleanField(default=False)
    instance_id = models.UUIDField(default=uuid.uuid4)
    shares_from = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"user {self.user_id} shares: {self.is_on}"


class CommunityPost(models.Model):
    """One message to the community server: exactly what is sent, from when it is due until it has arrived."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=[(item.value, item.value) for item in PostKind])
    about = models.CharField(max_length=300)  # "rating 5: openai/gpt-5 on coding"; each is sent once
    rating_id = models.PositiveBigIntegerField(null=True)  # plain: what was sent is listed even if it is taken back
    body = models.TextField()
    key = models.UUIDField(default=uuid.uuid4)  # the same in every attempt
    state = models.CharField(
        max_length=8, choices=[(item.value, item.value) for item in PostState], default=PostState.WAITING
    )
    attempt_count = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    answer_status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "about"], name="one_post_a_thing")]
        indexes = [
            models.Index(fields=["next_at"], name="post_due", condition=models.Q(state="waiting")),
            models.Index(fields=["user", "-id"], name="post_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of user {self.user_id}: {self.state}"
