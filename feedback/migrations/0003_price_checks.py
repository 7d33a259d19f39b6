"""Comparisons of the catalogue's prices with others' word for them."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("feedback", "0002_community")]

    operations = [
        migrations.CreateModel(
            name="PriceCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("catalog_revision", models.PositiveIntegerField()),
                ("catalog_fetched_at", models.DateTimeField(null=True)),
                ("catalog_warning", models.CharField(blank=True, max_length=300)),
                ("list_title", models.CharField(max_length=60)),
                ("list_newest_on", models.DateField(null=True)),
                ("model_count", models.PositiveIntegerField()),
                ("listed_count", models.PositiveIntegerField()),
                ("billed_count", models.PositiveIntegerField()),
                ("unpriced", models.JSONField(default=list)),
                ("findings", models.JSONField(default=list)),
            ],
            options={"indexes": [models.Index(fields=["-at"], name="price_check_by_time")]},
        ),
    ]
