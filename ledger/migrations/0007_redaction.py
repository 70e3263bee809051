from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from ledger import triggers

PAYLOAD = [each for each in triggers.CHAINS if each.table == "ledger_payload"]


def create(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Let payloads lose what erasures name: until here they lost nothing."""
    triggers.drop(editor.connection, PAYLOAD)
    triggers.create(editor.connection, triggers.ERASURES)


def drop(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    triggers.drop(editor.connection, triggers.ERASURES)
    triggers.create(editor.connection, PAYLOAD)


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0006_attested'),
    ]

    operations = [
        migrations.CreateModel(
            name='Redaction',
            fields=[
                ('pk', models.CompositePrimaryKey('event', 'digest', blank=True, editable=False, primary_key=True, serialize=False)),
                ('event', models.UUIDField()),
                ('digest', models.CharField(max_length=43)),
                ('name', models.CharField(max_length=100)),
                ('parts', models.JSONField(default=list)),
                ('others', models.JSONField(default=list)),
                ('kept_in', models.CharField(blank=True, max_length=64)),
                ('redacted_by', models.UUIDField()),
            ],
            options={
                'indexes': [models.Index(fields=['redacted_by'], name='redactions_of_event')],
            },
        ),
        migrations.CreateModel(
            name='Leftover',
            fields=[
                ('what', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('since', models.DateTimeField()),
                ('done_at', models.DateTimeField(null=True)),
                ('kept', models.BooleanField(default=False)),
            ],
        ),
        migrations.AddIndex(
            model_name='payload',
            index=models.Index(condition=models.Q(('file', ''), _negated=True), fields=['file'], name='payloads_in_files'),
        ),
        migrations.RunPython(create, drop),
    ]
