"""Old snapshots that decisions rest on are kept as far as choosing looks at them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_corrections_counted"),
    ]

    operations = [
        migrations.AddField(
            model_name="storedsnapshot",
            name="is_thinned",
            field=models.BooleanField(default=False),
        ),
    ]
