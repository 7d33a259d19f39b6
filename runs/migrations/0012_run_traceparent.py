from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Runs know in whose trace they were asked for."""

    dependencies = [("runs", "0011_texts_that_go_and_whose_cap_it_is")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="traceparent",
            field=models.CharField(blank=True, default="", max_length=60),
            preserve_default=False,
        ),
    ]
