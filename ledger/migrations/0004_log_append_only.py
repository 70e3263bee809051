from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from ledger import triggers

# What was appended before there was a log waits for its positions, in the order in which it came; where a clock was
# set back, no event comes before an earlier one of its case.
_WAITS = """
INSERT INTO ledger_pending (event, hash, at)
SELECT id, hash, at FROM (
    SELECT id, hash, at, stream, seq, MAX(at) OVER (PARTITION BY stream ORDER BY seq) AS by_then FROM ledger_event
) events ORDER BY by_then, stream, seq
"""


def create(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    triggers.create(editor.connection, triggers.LOG)


def drop(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    triggers.drop(editor.connection, triggers.LOG)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_log")]

    operations = [
        migrations.RunSQL(_WAITS, migrations.RunSQL.noop),
        migrations.RunPython(create, drop),
    ]
