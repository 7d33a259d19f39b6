"""How well models that judge agree with people, and who may judge whose runs."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL), ("runs", "0009_bill_totals")]

    operations = [
        migrations.CreateModel(
            name="JudgeRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model_id", models.CharField(max_length=200)),
                ("kappa", models.FloatField(null=True)),
                ("kappa_lower", models.FloatField(null=True)),
                ("kappa_upper", models.FloatField(null=True)),
                ("pair_count", models.PositiveIntegerField()),
                ("set_aside_at", models.DateTimeField(null=True)),
                ("trusted_until_count", models.PositiveIntegerField(default=0)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["user", "model_id"], name="one_record_a_judge")],
            },
        ),
    ]
