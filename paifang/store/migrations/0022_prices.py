"""What products cost, how many may be in one order, and orders as the desk finds them."""

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
        migrations.CreateModel(
            name="ProjectedOrder",
            fields=[
                (
                    "order",
                    models.UUIDField(db_column="order_id", primary_key=True, serialize=False),
                ),
                ("number", models.CharField(db_index=True, max_length=12)),
                ("event", models.PositiveIntegerField(default=0)),
                ("channel", models.CharField(default="", max_length=16)),
                ("currency", models.CharField(default="", max_length=3)),
                ("state", models.SmallIntegerField(default=0)),
                ("total_minor", models.BigIntegerField(default=0)),
                ("captured_minor", models.BigIntegerField(default=0)),
                ("refunded_minor", models.BigIntegerField(default=0)),
                ("tickets", models.PositiveIntegerField(default=0)),
                ("placed_at_ms", models.BigIntegerField(default=0)),
                ("until_ms", models.BigIntegerField(default=0)),
                ("buyer", models.CharField(default="", max_length=200)),
                ("email", models.CharField(default="", max_length=500)),
                ("phone", models.CharField(default="", max_length=500)),
            ],
            options={
                "ordering": ("-order",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", 0)),
                        fields=["until_ms"],
                        name="order_open_until",
                    ),
                    models.Index(fields=["buyer"], name="order_buyer"),
                ],
            },
        ),
    )
