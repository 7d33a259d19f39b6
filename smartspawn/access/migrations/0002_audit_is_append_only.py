"""The database refuses to change an entry of the audit log, whoever asks."""

from django.db import migrations

SQLITE_GUARD = """
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON access_auditentry
BEGIN SELECT RAISE(ABORT, 'The audit log is append-only.'); END
"""
POSTGRES_GUARD = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'The audit log is append-only.' USING ERRCODE = 'check_violation'; END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON access_auditentry
FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
"""
POSTGRES_UNGUARD = """
DROP TRIGGER audit_is_append_only ON access_auditentry;
DROP FUNCTION refuse_audit_change();
"""


def guard(apps, schema_editor):
    schema_editor.execute(POSTGRES_GUARD if schema_editor.connection.vendor == "postgresql" else SQLITE_GUARD)


def unguard(apps, schema_editor):
    is_postgres = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute(POSTGRES_UNGUARD if is_postgres else "DROP TRIGGER audit_is_append_only")


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial")]

    operations = [migrations.RunPython(guard, unguard)]
