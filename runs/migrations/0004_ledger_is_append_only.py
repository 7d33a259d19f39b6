"""Lines of the ledger count the call they tell of, and the database refuses to change one, whoever asks.

On SQLite a later change of the table's columns makes the table anew, without the trigger: put it back then.
"""

from django.db import migrations, models

SQLITE_GUARD = """
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE ON runs_ledgerentry
BEGIN SELECT RAISE(ABORT, 'The ledger is append-only.'); END
"""
POSTGRES_GUARD = """
CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'The ledger is append-only.' USING ERRCODE = 'check_violation'; END $$;
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE ON runs_ledgerentry
FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
"""
POSTGRES_UNGUARD = """
DROP TRIGGER ledger_is_append_only ON runs_ledgerentry;
DROP FUNCTION refuse_ledger_change();
"""


def guard(apps, schema_editor):
    schema_editor.execute(POSTGRES_GUARD if schema_editor.connection.vendor == "postgresql" else SQLITE_GUARD)


def unguard(apps, schema_editor):
    is_postgres = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute(POSTGRES_UNGUARD if is_postgres else "DROP TRIGGER ledger_is_append_only")


class Migration(migrations.Migration):
    dependencies = [("runs", "0003_who_works_on_a_node")]

    operations = [
        migrations.RemoveIndex(model_name="ledgerentry", name="ledger_by_run"),
        migrations.AddField(
            model_name="ledgerentry", name="call_count", field=models.SmallIntegerField(default=1)
        ),
        migrations.AddIndex(
            model_name="ledgerentry", index=models.Index(fields=["run_id", "status"], name="ledger_by_run")
        ),
        migrations.RunPython(guard, unguard),
    ]
