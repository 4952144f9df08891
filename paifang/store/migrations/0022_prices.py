"""What products cost, and how many may be in one order."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import paifang.store.ids


class Migration(migrations.Migration):
    """A product may have prices, in the organiser's order."""

    dependencies = (("store", "0021_rotating_codes"),)

    operations = (
        migrations.AddField(
            model_name="product",
            name="order_max",
            field=models.PositiveSmallIntegerField(default=10),
        ),
        migrations.CreateModel(
            name="Price",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=paifang.store.ids.new_uuid,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("amount_minor", models.PositiveBigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("tax_bp", models.PositiveIntegerField(default=0)),
                ("channel", models.CharField(blank=True, default="", max_length=16)),
                ("sold_from", models.DateTimeField(blank=True, null=True)),
                ("sold_until", models.DateTimeField(blank=True, null=True)),
                ("visit_from", models.DateTimeField(blank=True, null=True)),
                ("visit_until", models.DateTimeField(blank=True, null=True)),
                ("quantity_min", models.PositiveIntegerField(default=1)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prices",
                        to="store.product",
                    ),
                ),
            ],
            options={"ordering": ("product", "position")},
        ),
    )
