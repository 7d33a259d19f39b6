"""What feedback keeps: the log of work, what people said of it, and what that teaches."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from catalog.shapes import Category
from feedback.community import models as community  # noqa: F401 - its tables are found through this module
from feedback.shapes import SpawnMode, Verdict

_CATEGORIES = [(item.value, item.value) for item in Category]


class Spawn(models.Model):
    """One piece of work that was given to a model: measured in a run of ours, or reported from outside."""

    at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )  # None: nobody in particular said so
    key_id = models.PositiveBigIntegerField(null=True)
    model_id = models.CharField(max_length=200)
    category = models.CharField(max_length=12, choices=_CATEGORIES)
    budget = models.CharField(max_length=10, blank=True)
    mode = models.CharField(max_length=12, choices=[(item.value, item.value) for item in SpawnMode])
    role = models.CharField(max_length=40)
    source = models.CharField(max_length=40)
    context_tags = models.JSONField(default=list)
    # --- what it took; of what comes from outside only the prices at that moment are known
    is_estimate = models.BooleanField()
    prompt_tokens = models.PositiveBigIntegerField()
    completion_tokens = models.PositiveBigIntegerField()
    prompt_usd_per_mtok = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    completion_usd_per_mtok = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    cost_nano_usd = models.BigIntegerField(null=True)  # None: nobody knows
    is_simulated = models.BooleanField(default=False)
    # --- which work it was
    run_id = models.UUIDField(null=True)  # of our own; not a foreign key: the log outlives the run
    node_key = models.CharField(max_length=60, blank=True)
    decision_id = models.UUIDField(null=True)  # that chose the model, where whoever reports it says so
    said_under = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001 - NULL: without a key to repeat
    body_sha256 = models.CharField(max_length=64, blank=True)  # what came under that key

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run_id", "node_key"], name="one_spawn_a_node")]
        indexes = [
            models.Index(fields=["user", "-at"], name="spawn_by_user"),
            models.Index(fields=["-at"], name="spawn_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} on {self.category} at {self.at:%Y-%m-%d %H:%M}"


class Rating(models.Model):
    """What somebody says of a piece of work; of one person about one thing there is one rating."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    key_id = models.PositiveBigIntegerField(null=True)
    run_id = models.UUIDField(null=True)
    node_key = models.CharField(max_length=60, blank=True)
    spawn = models.ForeignKey(Spawn, null=True, on_delete=models.SET_NULL, related_name="ratings")
    subject_key = models.CharField(max_length=120, null=True)  # noqa: DJ001 - NULL: work that nobody logged
    score = models.PositiveSmallIntegerField(null=True)
    verdict = models.CharField(max_length=12, blank=True, choices=[(item.value, item.value) for item in Verdict])
    reasons = models.JSONField(default=list)
    title = models.CharField(max_length=200, blank=True)
    first_at = models.DateTimeField(default=timezone.now)
    at = models.DateTimeField(default=timezone.now)
    said_under = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001 - as above
    body_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "subject_key"], name="one_rating_a_thing"),
            models.CheckConstraint(
                condition=models.Q(score=None) | models.Q(score__range=(1, 5)), name="rating_is_one_to_five"
            ),
            models.CheckConstraint(condition=~models.Q(score=None, verdict=""), name="rating_says_something"),
        ]
        indexes = [models.Index(fields=["user", "-at"], name="rating_by_user")]

    def __str__(self) -> str:
        return f"{self.score or self.verdict} for {self.subject_key or 'work elsewhere'}"


class LessonRow(models.Model):
    """The share of a rating that falls to one model in one category."""

    rating = models.ForeignKey(Rating, on_delete=models.CASCADE, related_name="lessons")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    model_id = models.CharField(max_length=200)
    category = models.CharField(max_length=12, choices=_CATEGORIES)
    context_tags = models.JSONField(default=list)
    worth_share = models.FloatField()
    weight_share = models.FloatField()
    tried_by = models.UUIDField(null=True)  # the decision that took the model in order to learn, in a leader's place
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(worth_share__range=(0, 1)) & models.Q(weight_share__gt=0, weight_share__lte=1),
                name="lesson_is_a_share",
            )
        ]
        indexes = [
            models.Index(fields=["user", "category", "at"], name="lesson_by_user"),
            models.Index(fields=["tried_by"], name="lesson_by_trial", condition=models.Q(tried_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} on {self.category}: {self.worth_share}"


class Learner(models.Model):
    """A person from whom is learned; the row that everybody locks who changes what is known of them."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"what user {self.user_id} taught"


class LearningSwitch(models.Model):
    """Whether a person's ratings in a category count, and from when on; no row: all of them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    category = models.CharField(max_length=12, choices=_CATEGORIES)
    is_on = models.BooleanField(default=True)
    counts_from = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "category"], name="one_switch_a_category")]

    def __str__(self) -> str:
        return f"{self.category} of user {self.user_id}: {'on' if self.is_on else 'off'}"


class PriceCheck(models.Model):
    """One comparison of the catalogue's prices with others' word for them."""

    at = models.DateTimeField(default=timezone.now)
    catalog_revision = models.PositiveIntegerField()
    catalog_fetched_at = models.DateTimeField(null=True)  # when the catalogue's prices came from their source
    catalog_warning = models.CharField(max_length=300, blank=True)  # why they may be old
    list_title = models.CharField(max_length=60)  # "genai-prices 0.2.3"
    list_newest_on = models.DateField(null=True)
    model_count = models.PositiveIntegerField()
    listed_count = models.PositiveIntegerField()  # models of which the list says something certain
    billed_count = models.PositiveIntegerField()  # models with a price worked out from bills
    unpriced = models.JSONField(default=list)  # ids of models without a price of their own
    findings = models.JSONField(default=list)  # every price that both sides know

    class Meta:
        indexes = [models.Index(fields=["-at"], name="price_check_by_time")]

    def __str__(self) -> str:
        return f"prices of {self.model_count} models at {self.at:%Y-%m-%d %H:%M}"


class ClassifierCheck(models.Model):
    """One evaluation of the classifier on what people said: asked for, then done by the queue, or failed."""

    asked_at = models.DateTimeField(default=timezone.now)
    asked_by = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)  # None: it waits, or is under way
    fault = models.CharField(max_length=500, blank=True)  # why there is no result
    engine = models.CharField(max_length=200, blank=True)
    engine_sha256 = models.CharField(max_length=64, blank=True)
    result = models.JSONField(null=True)  # an Evaluation, with no word of a task

    class Meta:
        indexes = [models.Index(fields=["-asked_at"], name="classifier_check_by_time")]

    def __str__(self) -> str:
        return f"classifier check asked for at {self.asked_at:%Y-%m-%d %H:%M}"
