from unicodedata import normalize

from django.db import migrations, models


def fold(apps, schema_editor):
    Case = apps.get_model("cases", "Case")
    for key, title in Case.objects.values_list("pk", "title"):
        # As `folding` did it then: a migration does not change with the code.
        folded = normalize("NFKC", normalize("NFKC", title).casefold())
        Case.objects.filter(pk=key).update(title_folded=folded)


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]

    operations = [
        migrations.AddField("case", "title_folded", models.TextField(default=""), preserve_default=False),
        migrations.RunPython(fold, migrations.RunPython.noop),
    ]
