from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from ledger import triggers


def create(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    triggers.create(editor.connection, triggers.ATTESTED)


def drop(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    triggers.drop(editor.connection, triggers.ATTESTED)


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0005_no_replace'),
    ]

    operations = [
        migrations.CreateModel(
            name='Attestor',
            fields=[
                ('name', models.CharField(max_length=500, primary_key=True, serialize=False)),
                ('tried_at', models.DateTimeField()),
                ('done_at', models.DateTimeField(null=True)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('failure', models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name='Cosignature',
            fields=[
                ('pk', models.CompositePrimaryKey('size', 'witness', blank=True, editable=False, primary_key=True, serialize=False)),
                ('size', models.PositiveBigIntegerField()),
                ('witness', models.CharField(max_length=500)),
                ('line', models.TextField()),
                ('time', models.DateTimeField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='LastHead',
            fields=[
                ('event', models.UUIDField(primary_key=True, serialize=False)),
                ('size', models.PositiveBigIntegerField()),
                ('note', models.TextField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Timestamp',
            fields=[
                ('pk', models.CompositePrimaryKey('size', 'authority', blank=True, editable=False, primary_key=True, serialize=False)),
                ('size', models.PositiveBigIntegerField()),
                ('authority', models.CharField(max_length=500)),
                ('reply', models.BinaryField()),
                ('gen_time', models.DateTimeField(null=True)),
                ('doubt', models.TextField(blank=True)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.RunPython(create, drop),
    ]
