"""Products whose codes prove themselves."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A product may have signed codes."""

    dependencies = (("store", "0017_gate_minutes"),)

    operations = (
        migrations.AddField(
            model_name="product",
            name="signed_codes",
            field=models.BooleanField(default=False),
        ),
    )
