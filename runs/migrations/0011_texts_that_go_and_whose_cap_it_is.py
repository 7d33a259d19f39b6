"""When the texts of a run were let go, and what of a cap an admin set."""

from django.db import migrations, models


def take_caps_for_admins(apps, schema_editor):
    """Until now nobody else could set one."""
    caps = apps.get_model("runs", "Cap").objects.using(schema_editor.connection.alias)
    caps.update(admin_cap_nano_usd=models.F("cap_nano_usd"))


class Migration(migrations.Migration):
    dependencies = [("runs", "0010_judge_records")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="texts_gone_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("texts_gone_at", None)), fields=["finished_at"], name="run_texts_to_let_go"
            ),
        ),
        migrations.AddField(
            model_name="cap",
            name="admin_cap_nano_usd",
            field=models.BigIntegerField(null=True),
        ),
        migrations.RunPython(take_caps_for_admins, migrations.RunPython.noop),
    ]
