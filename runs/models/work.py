"""Runs, their nodes, what happened in them and what they brought forth."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from runs.shapes import Mode, NodeKind, NodeStatus, RunStatus


def _choices(words: Any) -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in words]


class Run(models.Model):
    """One piece of work that somebody asked for."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    key_id = models.PositiveBigIntegerField(null=True)  # of the API key; it may be gone by now
    asked_by = models.CharField(max_length=200)  # the actor's label
    mode = models.CharField(max_length=12, choices=_choices(Mode))
    status = models.CharField(max_length=20, choices=_choices(RunStatus), default=RunStatus.QUEUED)
    task = models.TextField(blank=True)
    label = models.CharField(max_length=200, blank=True)
    request = models.JSONField()  # the RunRequest
    plan = models.JSONField()  # the Plan without its nodes: final, summary, notes
    category = models.CharField(max_length=12, blank=True)
    decision_ids = models.JSONField(default=list)
    traceparent = models.CharField(max_length=60, blank=True)  # the trace that it was asked for in, as W3C writes it
    rerun_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="reruns")
    is_simulated = models.BooleanField(default=False)
    # --- money, in nano-dollars
    cap_nano_usd = models.BigIntegerField(null=True)  # None: no limit
    expected_nano_usd = models.BigIntegerField(null=True)  # None: a price is unknown
    likely_worst_nano_usd = models.BigIntegerField(null=True)
    worst_nano_usd = models.BigIntegerField(null=True)
    approved_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=200, blank=True)
    # --- how it ended
    stop_reason = models.CharField(max_length=40, blank=True)  # "timed_out", "budget_exhausted", "canceled", ...
    error = models.TextField(blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    # --- who drives it; every write of a driver is fenced by the token
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    driven_by = models.CharField(max_length=100, blank=True)  # "worker 4711", "web 4712"
    drive_count = models.PositiveIntegerField(default=0)
    rung_at = models.DateTimeField(null=True)  # when the queue was last told of it
    cancel_requested_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)  # set when it starts
    event_count = models.PositiveIntegerField(default=0)  # the number of the last event
    texts_gone_at = models.DateTimeField(null=True)  # when what was asked was let go; None: it is there

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="run_by_time"),
            models.Index(fields=["status", "-created_at"], name="run_by_status"),
            models.Index(fields=["mode", "-created_at"], name="run_by_mode"),
            models.Index(fields=["user", "-created_at"], name="run_by_user"),
            models.Index(fields=["key_id", "-created_at"], name="run_by_key"),
            models.Index(
                fields=["lease_until"],
                name="run_to_drive",
                condition=models.Q(status__in=[RunStatus.QUEUED, RunStatus.RUNNING]),
            ),
            models.Index(fields=["finished_at"], name="run_texts_to_let_go", condition=models.Q(texts_gone_at=None)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(cap_nano_usd=None) | models.Q(cap_nano_usd__gte=0), name="run_cap_is_no_debt"
            )
        ]

    def __str__(self) -> str:
        return f"{self.mode} run {self.id}: {self.status}"

    @property
    def title(self) -> str:
        """What to call the run: its label, or what was asked, as long as that is kept."""
        return self.label or self.task or ("(its text was let go)" if self.texts_gone_at else "(no words)")


class RunKey(models.Model):
    """Under which key a run was asked for, so that the same request twice is one run."""

    scope = models.CharField(max_length=60)  # whose keys: "user:5", "key:7"
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    is_derived = models.BooleanField(default=False)  # made from the request, because the caller gave none
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="keys")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="one_run_a_key")]
        indexes = [models.Index(fields=["expires_at"], name="run_key_by_end")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


class Node(models.Model):
    """One piece of work in a run; its output is an artifact of the same key."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="nodes")
    key = models.CharField(max_length=60)
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=_choices(NodeKind))
    purpose = models.CharField(max_length=12)
    title = models.CharField(max_length=300)
    status = models.CharField(max_length=12, choices=_choices(NodeStatus), default=NodeStatus.QUEUED)
    wave = models.PositiveIntegerField(default=0)
    depends_on = models.JSONField(default=list)
    spec = models.JSONField()  # the NodeSpec
    # --- one try after the other; the number rises before the work begins
    attempt = models.PositiveSmallIntegerField(default=0)
    attempt_base = models.PositiveSmallIntegerField(default=0)  # tries before a person had it done again
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # --- who works on it: a result is taken from the holder of the token alone
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    lost_count = models.PositiveSmallIntegerField(default=0)  # how often its driver died over it
    # --- what came of it
    model_id = models.CharField(max_length=200, blank=True)  # asked for
    served_model = models.CharField(max_length=200, blank=True)  # as the provider names it
    connection = models.CharField(max_length=60, blank=True)
    finish_reason = models.CharField(max_length=30, blank=True)
    score = models.FloatField(null=True)
    data = models.JSONField(null=True)  # a structured reading of the output; citations
    is_partial = models.BooleanField(default=False)
    fresh_input_tokens = models.PositiveIntegerField(default=0)
    cache_read_tokens = models.PositiveIntegerField(default=0)
    cache_write_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    cost_nano_usd = models.BigIntegerField(default=0)  # of all attempts
    is_cost_uncertain = models.BooleanField(default=False)
    first_token_ms = models.PositiveIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    error = models.TextField(blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    hint = models.CharField(max_length=300, blank=True)  # what a person can do about it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="one_node_a_key")]
        indexes = [models.Index(fields=["run", "status"], name="node_by_status")]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.key}: {self.status}"


class NodeDraft(models.Model):
    """What a running node has written so far, for whoever watches; gone when it ends."""

    node = models.OneToOneField(Node, primary_key=True, on_delete=models.CASCADE, related_name="draft")
    attempt = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"draft of node {self.node_id}"


class Event(models.Model):
    """Something that happened in a run, numbered from 1 without gaps."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=40)  # "node.completed"; the words stand in runs/keeping/events.py
    node_key = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=1000, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="one_event_a_number")]

    def __str__(self) -> str:
        return f"{self.run_id} {self.seq} {self.kind}"


class Artifact(models.Model):
    """A text that a run brought forth: its plan, the output of a node, the merged answer."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="artifacts")
    node_key = models.CharField(max_length=60)  # or "plan", "merged"
    kind = models.CharField(max_length=12, choices=[(kind, kind) for kind in ("plan", "raw", "merged", "log")])
    media_type = models.CharField(max_length=60, default="text/markdown")
    content = models.TextField(blank=True)  # empty where the bytes lie on disk, or were pruned
    path = models.CharField(max_length=300, blank=True)  # below the artifact folder
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    is_partial = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    pruned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "node_key"], name="one_artifact_a_node")]
        indexes = [models.Index(fields=["created_at"], name="artifact_to_prune", condition=models.Q(pruned_at=None))]

    def __str__(self) -> str:
        return f"{self.run_id} {self.node_key}: {self.size_bytes} bytes"
