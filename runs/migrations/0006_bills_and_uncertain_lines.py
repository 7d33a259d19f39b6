from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0005_conversations")]

    operations = [
        migrations.CreateModel(
            name="BillQuestion",
            fields=[
                ("call_id", models.UUIDField(primary_key=True, serialize=False)),
                ("connection", models.CharField(max_length=60)),
                ("bill_name", models.CharField(max_length=200)),
                ("ask_at", models.DateTimeField(db_index=True)),
                ("asked_count", models.PositiveSmallIntegerField(default=0)),
            ],
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(
                fields=["-at", "-id"], name="ledger_uncertain", condition=models.Q(("status", "uncertain"))
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["mode", "-created_at"], name="run_by_mode"),
        ),
    ]
