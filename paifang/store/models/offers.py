"""What is on and what is sold: events, sessions, products and what each product gives."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from paifang.core import limits
from paifang.core.rules import Identity, Reentry
from paifang.store.models.base import Identified, Named, choices, number_field, slug_field
from paifang.store.models.places import Gate, Organiser, Site, Zone


class Event(Named):
    """An event, or a scenic area's standing offer (then without an end)."""

    organiser = models.ForeignKey(Organiser, on_delete=models.PROTECT, related_name="events")
    number = number_field()
    slug = slug_field(unique=True)
    sites: "models.ManyToManyField[Site, models.Model]" = models.ManyToManyField(
        Site, related_name="events"
    )
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """In the order they were made."""

        ordering = ("number",)
        constraints = (
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="event_ends_after_it_starts",
            ),
        )


class Session(Named):
    """A time slot of an event: entry from `opens_at` to `closes_at`; `cap` people, 0 = no limit."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="sessions")
    number = number_field()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    cap = models.PositiveIntegerField(default=0)

    class Meta:
        """As they come."""

        ordering = ("event", "opens_at", "number")
        constraints = (
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")), name="session_closes_after_it_opens"
            ),
        )


class Product(Named):
    """A kind of ticket. `people` is how many one ticket is for unless the issuer says otherwise."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="products")
    number = number_field()
    people = models.PositiveSmallIntegerField(default=1)
    exchange_required = models.BooleanField(default=False)
    identity = models.CharField(
        max_length=16, choices=choices(Identity), default=Identity.none.value
    )
    supervised = models.BooleanField(default=False)
    signed_codes = models.BooleanField(default=False)
    rotating_codes = models.BooleanField(default=False)
    order_max = models.PositiveSmallIntegerField(default=10)

    class Meta:
        """In the order they were made."""

        ordering = ("number",)
        constraints = (
            models.CheckConstraint(condition=Q(people__gte=1), name="product_for_one_at_least"),
            models.CheckConstraint(
                condition=Q(identity__in=[value.value for value in Identity]),
                name="product_identity_known",
            ),
        )


class EntitlementRule(Identified):
    """What one entitlement of a product gives: one zone, when, and how often.

    The fields are those of `core.rules.EntitlementRule`; 0 and empty mean no limit. `position` is
    the entitlement's number in the ledger: once tickets exist, rows are added behind, never moved.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="entitlements")
    position = models.PositiveSmallIntegerField()
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="+")
    gates: "models.ManyToManyField[Gate, models.Model]" = models.ManyToManyField(
        Gate, blank=True, related_name="+"
    )
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    session_bound = models.BooleanField(default=False)
    uses_max = models.PositiveIntegerField(default=1)
    day_uses_max = models.PositiveIntegerField(default=0)
    gate_uses_max = models.PositiveIntegerField(default=0)
    days_max = models.PositiveIntegerField(default=0)
    valid_days = models.PositiveIntegerField(default=0)
    reentry = models.CharField(max_length=16, choices=choices(Reentry), default=Reentry.none.value)
    anti_passback = models.BooleanField(default=False)

    class Meta:
        """In the order the gate tries them."""

        ordering = ("product", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("product", "position"), name="entitlement_position_once_per_product"
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None)
                | Q(valid_until=None)
                | Q(valid_until__gt=F("valid_from")),
                name="entitlement_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(reentry__in=[value.value for value in Reentry]),
                name="entitlement_reentry_known",
            ),
        )

    def __str__(self) -> str:
        """Show product, position and zone."""
        return f"{self.product} #{self.position}: {self.zone}"


class Price(Identified):
    """What one ticket of a product costs, and when, where and for how many that holds.

    The fields are those of `core.pricing.Price`; no channel means every one. The first of a
    product's prices that fits is the one that holds.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="prices")
    position = models.PositiveSmallIntegerField()
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=limits.CURRENCY_CHARS)
    tax_bp = models.PositiveIntegerField(default=0)
    channel = models.CharField(max_length=16, blank=True, default="")
    sold_from = models.DateTimeField(null=True, blank=True)
    sold_until = models.DateTimeField(null=True, blank=True)
    visit_from = models.DateTimeField(null=True, blank=True)
    visit_until = models.DateTimeField(null=True, blank=True)
    quantity_min = models.PositiveIntegerField(default=1)

    class Meta:
        """In the order in which they are tried."""

        ordering = ("product", "position")

    def __str__(self) -> str:
        """Show the sum."""
        return f"{self.amount_minor} {self.currency}"


def as_ms(moment: datetime | None) -> int:
    """Return an instant as the ledger keeps it: UTC milliseconds, 0 for none."""
    return 0 if moment is None else int(moment.timestamp() * 1000)
