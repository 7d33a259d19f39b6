"""Decisions for years: packed, found by every filter from an index, models included."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import routing.packed

_BATCH = 500


def pack_rows(apps: Any, _editor: Any) -> None:
    """Move what was kept as JSON, and note which models were chosen."""
    decisions, chosen = apps.get_model("routing", "StoredDecision"), apps.get_model("routing", "ChosenModel")
    batch: list[Any] = []
    for row in decisions.objects.all().iterator(_BATCH):
        row.basis_packed, row.outcome_packed = row.basis, row.outcome
        batch.append(row)
        if len(batch) == _BATCH:
            _write(decisions, chosen, batch)
            batch = []
    _write(decisions, chosen, batch)


def _write(decisions: Any, chosen: Any, batch: list[Any]) -> None:
    decisions.objects.bulk_update(batch, ["basis_packed", "outcome_packed"])
    shared = ("made_at", "user_id", "kind", "category")
    chosen.objects.bulk_create(
        chosen(decision=row, model_id=model_id, **{name: getattr(row, name) for name in shared})
        for row in batch
        for model_id in dict.fromkeys(row.chosen)
    )


class Migration(migrations.Migration):
    # PostgreSQL changes no table in a transaction that has just changed its rows.
    atomic = False
    dependencies = [("routing", "0003_kickoffs")]

    operations = [
        migrations.CreateModel(
            name="ChosenModel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model_id", models.CharField(max_length=200)),
                ("made_at", models.DateTimeField()),
                ("user_id", models.BigIntegerField(null=True)),
                ("kind", models.CharField(max_length=12)),
                ("category", models.CharField(max_length=12)),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="models",
                        to="routing.storeddecision",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["model_id", "-made_at", "user_id", "kind", "category"], name="decision_by_model"
                    )
                ]
            },
        ),
        migrations.AddField("storeddecision", "basis_packed", routing.packed.PackedField(null=True)),
        migrations.AddField("storeddecision", "outcome_packed", routing.packed.PackedField(null=True)),
        migrations.RunPython(pack_rows, migrations.RunPython.noop),
        migrations.RemoveField("storeddecision", "basis"),
        migrations.RemoveField("storeddecision", "outcome"),
        migrations.RenameField("storeddecision", "basis_packed", "basis"),
        migrations.RenameField("storeddecision", "outcome_packed", "outcome"),
        migrations.AlterField("storeddecision", "basis", routing.packed.PackedField()),
        migrations.AlterField("storeddecision", "outcome", routing.packed.PackedField()),
        migrations.RemoveIndex("storeddecision", "decision_by_user"),
        migrations.AddIndex(
            "storeddecision",
            models.Index(fields=["user_id", "-made_at", "kind", "category"], name="decision_by_user"),
        ),
        migrations.AddIndex(
            "storeddecision", models.Index(fields=["kind", "-made_at", "category"], name="decision_by_kind")
        ),
        migrations.AddIndex(
            "storeddecision", models.Index(fields=["category", "-made_at", "kind"], name="decision_by_category")
        ),
        migrations.AddIndex("storeddecision", models.Index(fields=["catalog_revision"], name="decision_by_revision")),
    ]
