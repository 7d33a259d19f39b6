"""What the catalog keeps: payloads as they came, snapshots as published, and what admins say of them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from catalog.shapes import Source

SOURCE_CHOICES = [(source.value, source.value) for source in Source]


class SourceState(models.Model):
    """How one source is doing; the row is made when the source is first spoken of."""

    class Status(models.TextChoices):
        GREEN = "green", "fresh"
        AMBER = "amber", "usable, with warnings"
        RED = "red", "failing; the last good data is in use"
        EMPTY = "empty", "never fetched"

    source = models.CharField(max_length=32, primary_key=True, choices=SOURCE_CHOICES)
    is_enabled = models.BooleanField(null=True)  # None: as the source's module says
    api_key_sealed = models.TextField(blank=True, default="")
    terms_accepted_at = models.DateTimeField(null=True)
    terms_accepted_by = models.CharField(max_length=200, blank=True, default="")
    status = models.CharField(max_length=8, choices=Status, default=Status.EMPTY)
    reason = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=40, blank=True, default="")
    warnings = models.JSONField(default=list)
    rejected = models.JSONField(default=list)  # the first rows that could not be read, with reasons
    rejected_count = models.PositiveIntegerField(default=0)
    row_count = models.PositiveIntegerField(default=0)
    matched_count = models.PositiveIntegerField(default=0)
    as_of = models.DateField(null=True)
    version = models.CharField(max_length=80, blank=True, default="")
    last_attempt_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    data_fetched_at = models.DateTimeField(null=True)  # age of what is in use; embedded data is older

    def __str__(self) -> str:
        return f"{self.source}: {self.status}"


class StoredPayload(models.Model):
    """One upstream answer, compressed; those that the current snapshot was made from are marked current."""

    source = models.CharField(max_length=32, choices=SOURCE_CHOICES)
    part = models.CharField(max_length=120)
    url = models.TextField(blank=True, default="")
    sha256 = models.CharField(max_length=64, db_index=True)
    fetched_at = models.DateTimeField()
    etag = models.CharField(max_length=300, blank=True, default="")
    last_modified = models.CharField(max_length=100, blank=True, default="")
    byte_count = models.PositiveIntegerField()
    body_compressed = models.BinaryField()
    is_current = models.BooleanField(default=True)
    is_held_back = models.BooleanField(default=False)  # well formed, but not believed beside what came before

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "part"],
                condition=models.Q(is_current=True),
                name="one_current_payload_per_part",
            )
        ]
        indexes = [models.Index(fields=["source", "-fetched_at"])]

    def __str__(self) -> str:
        return f"{self.source}/{self.part} {self.sha256[:12]}"


class StoredSnapshot(models.Model):
    """A published snapshot; its key is the catalogue's revision. What it says never changes; old bodies are dropped."""

    revision = models.BigAutoField(primary_key=True)
    published_at = models.DateTimeField(db_index=True)
    trigger = models.CharField(max_length=200)
    policy_version = models.CharField(max_length=200)
    content_sha256 = models.CharField(max_length=64)
    entry_count = models.PositiveIntegerField()
    body_compressed = models.BinaryField()  # empty: no longer kept
    is_thinned = models.BooleanField(default=False)  # the body holds no more than choosing looks at

    def __str__(self) -> str:
        return f"revision {self.revision}"


class RefreshRun(models.Model):
    """One refresh from start to end; ``slot`` is unique, so that only one runs at a time."""

    class State(models.TextChoices):
        QUEUED = "queued", "waiting for a worker"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        LOST = "lost", "lost: its process died"

    trigger = models.CharField(max_length=200)
    actor = models.CharField(max_length=200)
    only = models.JSONField(default=list)  # source keys; empty: every source that is on
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    slot = models.CharField(max_length=8, null=True, unique=True, default="catalog")  # noqa: DJ001  NULL frees the slot
    token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    progress = models.JSONField(default=dict)  # step -> what is known of it, in order
    error = models.TextField(blank=True, default="")
    corrections_sha256 = models.CharField(max_length=64, blank=True, default="")  # which words of admins it counted
    snapshot = models.ForeignKey(StoredSnapshot, null=True, on_delete=models.SET_NULL)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(slot__isnull=False, finished_at__isnull=True)
                | models.Q(slot__isnull=True, finished_at__isnull=False),
                name="a_refresh_holds_the_slot_until_it_ends",
            )
        ]

    def __str__(self) -> str:
        return f"refresh {self.pk}: {self.state}"


class PriceFact(models.Model):
    """A price from the moment it was first seen; a changed price is a new row."""

    model_id = models.CharField(max_length=200)
    valid_from = models.DateTimeField()
    prompt_usd_per_mtok = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    completion_usd_per_mtok = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    cache_read_usd_per_mtok = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    cache_write_usd_per_mtok = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    snapshot = models.ForeignKey(StoredSnapshot, null=True, on_delete=models.SET_NULL)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model_id", "valid_from"], name="one_price_per_moment")]

    def __str__(self) -> str:
        return f"{self.model_id} from {self.valid_from:%Y-%m-%d}"


class Change(models.Model):
    """One difference between a snapshot and the one before it."""

    snapshot = models.ForeignKey(StoredSnapshot, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=24)
    model_id = models.CharField(max_length=200, db_index=True)
    model_name = models.CharField(max_length=300, blank=True, default="")
    field = models.CharField(max_length=60, blank=True, default="")
    before = models.CharField(max_length=300, blank=True, default="")
    after = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["-id", "kind"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.model_id} {self.field}"


class AliasRow(models.Model):
    """An admin's word on a source's name; an empty model id says that the model is not listed."""

    source = models.CharField(max_length=32, blank=True, default="", choices=[("", "every source"), *SOURCE_CHOICES])
    name = models.CharField(max_length=300)
    model_id = models.CharField(max_length=200, blank=True, default="")
    why = models.CharField(max_length=500)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("source", Lower("name"), name="one_alias_per_source_and_name")]
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} -> {self.model_id or 'not listed'}"


class OverrideRow(models.Model):
    """An admin's correction of one field of one model."""

    model_id = models.CharField(max_length=200)
    field = models.CharField(max_length=40)
    value = models.CharField(max_length=200)
    why = models.CharField(max_length=500)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model_id", "field"], name="one_override_per_field")]
        ordering = ["model_id", "field"]

    def __str__(self) -> str:
        return f"{self.model_id} {self.field} = {self.value}"
