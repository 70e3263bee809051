from unicodedata import normalize

from django.db import migrations, models


def fold(apps, schema_editor):
    ItemState = apps.get_model("evidence", "ItemState")
    for name in ItemState.objects.exclude(source_name="").order_by().values_list("source_name", flat=True).distinct():
        # As `folding` did it then: a migration does not change with the code.
        folded = normalize("NFKC", normalize("NFKC", name).casefold())
        ItemState.objects.filter(source_name=name).update(source_folded=folded)


def know_fields(apps, schema_editor):
    """Until now a link of an item's own field came from its submission alone; `rebuild` ends what was corrected."""
    Link, ItemState = apps.get_model("evidence", "Link"), apps.get_model("evidence", "ItemState")
    submitted = ItemState.objects.filter(item=models.OuterRef("item"), seq=models.OuterRef("seq"))
    Link.objects.filter(models.Exists(submitted), relation="derived_from").update(of_field=True)


class Migration(migrations.Migration):
    dependencies = [("evidence", "0002_search_index")]

    operations = [
        migrations.AddField("itemstate", "source_folded", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField("link", "until_seq", models.PositiveBigIntegerField(null=True)),
        migrations.AddField("link", "of_field", models.BooleanField(default=False)),
        migrations.RunPython(fold, migrations.RunPython.noop),
        migrations.RunPython(know_fields, migrations.RunPython.noop),
    ]
