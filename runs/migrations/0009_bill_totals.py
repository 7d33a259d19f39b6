"""What we worked out beside what providers reported, summed up by day and place; made from the ledger as it is."""

from django.db import migrations, models

KEYS = ["day", "connection", "provider", "model_id", "is_simulated"]
KNOWN = "NOT is_estimated AND"
COMPARED = f"{KNOWN} computed_nano_usd IS NOT NULL AND reported_nano_usd IS NOT NULL"
BILLED = f"{KNOWN} computed_nano_usd IS NULL AND reported_nano_usd IS NOT NULL"
UNREPORTED = f"{KNOWN} computed_nano_usd IS NOT NULL AND reported_nano_usd IS NULL"
SUMS = {
    "call_count": ("1 = 1", "call_count"),
    "cost_nano_usd": ("1 = 1", "cost_nano_usd"),
    "compared_count": (COMPARED, "call_count"),
    "computed_nano_usd": (COMPARED, "computed_nano_usd"),
    "reported_nano_usd": (COMPARED, "reported_nano_usd"),
    "billed_count": (BILLED, "call_count"),
    "billed_nano_usd": (BILLED, "cost_nano_usd"),
    "unreported_count": (UNREPORTED, "call_count"),
    "unreported_nano_usd": (UNREPORTED, "cost_nano_usd"),
    "corrected_count": ("kind = 'correction' AND call_count >= 0", "1"),
    "corrected_nano_usd": ("kind = 'correction'", "cost_nano_usd"),
}


def sum_up(apps, schema_editor):
    sums = ", ".join(f"SUM(CASE WHEN {where} THEN {what} ELSE 0 END)" for where, what in SUMS.values())
    schema_editor.execute(
        f"INSERT INTO runs_billtotal ({', '.join([*KEYS, *SUMS])}) SELECT {', '.join(KEYS)}, {sums} "
        "FROM runs_ledgerentry GROUP BY 1, 2, 3, 4, 5"
    )


def _sum(name):
    field = models.BigIntegerField if name.endswith("usd") else models.PositiveIntegerField
    return (name, field(default=0))


class Migration(migrations.Migration):
    dependencies = [("runs", "0008_spend_by_facet")]

    operations = [
        migrations.CreateModel(
            name="BillTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("connection", models.CharField(max_length=60)),
                ("provider", models.CharField(max_length=40)),
                ("model_id", models.CharField(max_length=200)),
                ("is_simulated", models.BooleanField(default=False)),
                *map(_sum, SUMS),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=KEYS, name="one_bill_total_a_day")],
            },
        ),
        migrations.RunPython(sum_up, migrations.RunPython.noop),
    ]
