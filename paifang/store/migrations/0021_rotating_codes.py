"""Products whose codes change."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A product may have codes that change every 15 seconds."""

    dependencies = (("store", "0020_company_quotas"),)

    operations = (
        migrations.AddField(
            model_name="product",
            name="rotating_codes",
            field=models.BooleanField(default=False),
        ),
    )
