from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from evidence.search import INDEX


def create(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in INDEX[editor.connection.vendor]:
        editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_initial")]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
