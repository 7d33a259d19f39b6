"""Filters by kind and category look at the person in the index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0004_decisions_at_length"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="storeddecision",
            name="decision_by_kind",
        ),
        migrations.RemoveIndex(
            model_name="storeddecision",
            name="decision_by_category",
        ),
        migrations.AddIndex(
            model_name="storeddecision",
            index=models.Index(fields=["kind", "-made_at", "category", "user_id"], name="decision_by_kind"),
        ),
        migrations.AddIndex(
            model_name="storeddecision",
            index=models.Index(fields=["category", "-made_at", "kind", "user_id"], name="decision_by_category"),
        ),
    ]
