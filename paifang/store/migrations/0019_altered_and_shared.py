from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0018_signed_codes"),
    ]

    operations = [
        migrations.CreateModel(
            name="SharedCache",
            fields=[
                ("cache_key", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("value", models.TextField()),
                ("expires", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="audit_unsealed",
        ),
        migrations.AddField(
            model_name="auditentry",
            name="altered",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                condition=models.Q(("altered", False), ("sealed", False)),
                fields=["id"],
                name="audit_to_seal",
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                condition=models.Q(("altered", True)), fields=["id"], name="audit_altered"
            ),
        ),
    ]
