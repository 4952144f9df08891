"""What a plain site would keep: places, products, tickets, counters, and the book of entries."""

from datetime import datetime

from django.db import models


class Zone(models.Model):
    """An area people are counted in."""

    slug = models.CharField(max_length=50, unique=True)
    cap = models.PositiveIntegerField(default=0)
    objects: "models.Manager[Zone]" = models.Manager()

    class Meta:
        app_label = "orm_site"

    def __str__(self) -> str:
        return self.slug


class Gate(models.Model):
    """A way into a zone."""

    slug = models.CharField(max_length=50, unique=True)
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT)
    objects: "models.Manager[Gate]" = models.Manager()

    class Meta:
        app_label = "orm_site"

    def __str__(self) -> str:
        return self.slug


class Terminal(models.Model):
    """What may ask at a gate, by the hash of its token."""

    name = models.CharField(max_length=50)
    token_sha256 = models.CharField(max_length=64, unique=True)
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT)
    revoked = models.BooleanField(default=False)
    objects: "models.Manager[Terminal]" = models.Manager()

    class Meta:
        app_label = "orm_site"

    def __str__(self) -> str:
        return self.name


class Product(models.Model):
    """What a ticket gives: one zone, from when to when, and how often."""

    name = models.CharField(max_length=200)
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    uses_max = models.PositiveIntegerField(default=1)
    objects: "models.Manager[Product]" = models.Manager()

    class Meta:
        app_label = "orm_site"

    def __str__(self) -> str:
        return self.name


class Ticket(models.Model):
    """One ticket. `admitted_at` is what the bare view marks, the rest what the other one keeps."""

    code = models.CharField(max_length=16, unique=True)
    holder = models.CharField(max_length=200)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    admitted_at = models.DateTimeField(null=True)
    blocked = models.BooleanField(default=False)
    uses = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField(null=True)
    first_gate = models.CharField(max_length=50, default="")
    first_terminal = models.CharField(max_length=50, default="")
    objects: "models.Manager[Ticket]" = models.Manager()

    class Meta:
        app_label = "orm_site"

    def __str__(self) -> str:
        return self.code


class ZoneDay(models.Model):
    """People who came and went on a day."""

    zone = models.ForeignKey(Zone, on_delete=models.PROTECT)
    day = models.DateField()
    entries = models.PositiveIntegerField(default=0)
    exits = models.PositiveIntegerField(default=0)
    objects: "models.Manager[ZoneDay]" = models.Manager()

    class Meta:
        app_label = "orm_site"
        constraints = (models.UniqueConstraint(fields=("zone", "day"), name="zone_day_once"),)

    def __str__(self) -> str:
        return f"{self.day}"


class Head(models.Model):
    """The growing end of the chain of entries."""

    seq = models.BigIntegerField(default=0)
    hash = models.BinaryField(max_length=32, default=bytes(32))
    objects: "models.Manager[Head]" = models.Manager()

    class Meta:
        app_label = "orm_site"

    def __str__(self) -> str:
        return f"{self.seq}"


class Entry(models.Model):
    """One decision of the view that does the same work: answered again by its request id."""

    seq = models.BigIntegerField(unique=True)
    request_id = models.CharField(max_length=64, unique=True)
    asked_sha256 = models.BinaryField(max_length=32)
    at = models.DateTimeField()
    answer: "models.JSONField[dict[str, object], dict[str, object]]" = models.JSONField()
    hash = models.BinaryField(max_length=32)
    objects: "models.Manager[Entry]" = models.Manager()

    class Meta:
        app_label = "orm_site"

    def __str__(self) -> str:
        return self.request_id


class Mark(models.Model):
    """One admission of the bare view."""

    request_id = models.CharField(max_length=64, unique=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT)
    gate = models.CharField(max_length=100)
    at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField()
    objects: "models.Manager[Mark]" = models.Manager()

    class Meta:
        app_label = "orm_site"

    def __str__(self) -> str:
        return self.request_id
