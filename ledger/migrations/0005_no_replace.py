from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from ledger import triggers


def create(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Put the triggers that came later in place too, where the earlier migrations ran before there were any."""
    triggers.create(editor.connection, (*triggers.CHAINS, *triggers.LOG))


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_log_append_only")]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
