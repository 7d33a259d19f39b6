"""Day totals say more, and are summed on by one facet of spend at a time; both are made anew from the ledger."""

from django.db import migrations, models

BOUNDS_MS = (250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000)
BANDS = [f"took_{bound}_count" for bound in BOUNDS_MS] + ["took_longer_count"]
PLAIN = [
    "call_count", "fresh_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens",
    "cost_nano_usd", "reserved_nano_usd", "latency_ms",
]  # fmt: skip
SUMS = [*PLAIN, "estimated_count", "estimated_nano_usd", *BANDS]
KEYS = [
    "day", "user_id", "key_id", "mode", "category", "purpose", "driver", "provider", "model_id", "status",
    "is_simulated",
]  # fmt: skip
FACETS = {
    "all": "''",
    "model": "model_id",
    "category": "category",
    "mode": "mode",
    "driver": "driver",
    "provider": "provider",
    "key": "CAST(key_id AS varchar(20))",
    "user": "CAST(user_id AS varchar(20))",
    "purpose": "purpose",
    "status": "status",
    "deed": "mode || '|' || category || '|' || purpose || '|' || status",
    "answer": "category || '|' || model_id",
}
ANSWERS = (
    "status = 'ok' AND purpose IN ('task', 'escalation', 'step', 'section', 'stage', 'refine', 'chat')"
)


def sum_up(apps, schema_editor):
    run = schema_editor.execute
    run("DELETE FROM runs_daytotal")
    run(
        f"INSERT INTO runs_daytotal ({', '.join([*KEYS, *SUMS])}) SELECT day, COALESCE(user_id, 0), "
        f"COALESCE(key_id, 0), {', '.join(KEYS[3:])}, {', '.join(_sums_of_lines())} "
        "FROM runs_ledgerentry GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
    )
    for facet, value in FACETS.items():
        where = ANSWERS if facet == "answer" else "1 = 1"
        _add(run, "'site'", facet, value, where)
        if facet != "user":
            _add(run, "'user:' || CAST(user_id AS varchar(20))", facet, value, f"user_id <> 0 AND {where}")


def _add(run, scope, facet, value, where):
    sums = ", ".join(f"SUM({name})" for name in SUMS)
    run(
        f"INSERT INTO runs_spendtotal (scope, facet, value, day, is_simulated, {', '.join(SUMS)}) "
        f"SELECT {scope}, '{facet}', {value}, day, is_simulated, {sums} FROM runs_daytotal WHERE {where} "
        "GROUP BY 1, 3, 4, 5"
    )


def _sums_of_lines():
    yield from (f"SUM(COALESCE({name}, 0))" for name in PLAIN)
    yield "SUM(CASE WHEN is_estimated THEN call_count ELSE 0 END)"
    yield "SUM(CASE WHEN is_estimated THEN cost_nano_usd ELSE 0 END)"
    above = -1
    for bound in BOUNDS_MS:
        yield f"SUM(CASE WHEN latency_ms > {above} AND latency_ms <= {bound} THEN call_count ELSE 0 END)"
        above = bound
    yield f"SUM(CASE WHEN latency_ms > {above} THEN call_count ELSE 0 END)"


def _count():
    return models.PositiveIntegerField(default=0)


def _tokens():
    return models.PositiveBigIntegerField(default=0)


class Migration(migrations.Migration):
    dependencies = [("runs", "0007_budget_alerts")]

    operations = [
        migrations.CreateModel(
            name="SpendTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("call_count", _count()),
                ("fresh_input_tokens", _tokens()),
                ("cache_read_tokens", _tokens()),
                ("cache_write_tokens", _tokens()),
                ("output_tokens", _tokens()),
                ("reasoning_tokens", _tokens()),
                ("cost_nano_usd", models.BigIntegerField(default=0)),
                ("reserved_nano_usd", models.BigIntegerField(default=0)),
                ("latency_ms", _tokens()),
                ("estimated_count", _count()),
                ("estimated_nano_usd", models.BigIntegerField(default=0)),
                *((name, _count()) for name in BANDS),
                ("scope", models.CharField(max_length=60)),
                ("facet", models.CharField(max_length=10)),
                ("value", models.CharField(blank=True, max_length=220)),
                ("day", models.DateField()),
                ("is_simulated", models.BooleanField(default=False)),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="spend_total_by_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "facet", "is_simulated", "day", "value"), name="one_spend_total_a_day"
                    )
                ],
            },
        ),
        migrations.AddField(model_name="daytotal", name="estimated_count", field=_count()),
        migrations.AddField(
            model_name="daytotal", name="estimated_nano_usd", field=models.BigIntegerField(default=0)
        ),
        *(migrations.AddField(model_name="daytotal", name=name, field=_count()) for name in BANDS),
        migrations.AddIndex(
            model_name="daytotal", index=models.Index(fields=["user_id", "day"], name="total_by_user")
        ),
        migrations.AddIndex(
            model_name="daytotal", index=models.Index(fields=["key_id", "day"], name="total_by_key")
        ),
        migrations.AddIndex(
            model_name="daytotal", index=models.Index(fields=["model_id", "day"], name="total_by_model")
        ),
        migrations.AddIndex(
            model_name="ledgerentry", index=models.Index(fields=["day", "id"], name="ledger_by_day")
        ),
        migrations.RunPython(sum_up, migrations.RunPython.noop),
    ]
