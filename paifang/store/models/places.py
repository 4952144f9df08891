"""Who organises, and where: organisers, sites with their periods, zones, gates."""

from datetime import UTC
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from paifang.core.rules import Direction
from paifang.store.models.base import Identified, Named, choices, slug_field

PER_MILLE: Final = 1000
FILE_NAME_CHARS_MAX: Final = 64


def known_time_zone(value: str) -> None:
    """Refuse a time zone whose days could not be computed. Raises ValidationError."""
    if value not in available_timezones():
        raise ValidationError(_("Unknown time zone: %(value)s"), params={"value": value})


def plan_field() -> "models.PositiveSmallIntegerField[int | None, int | None]":
    """Return the field of a place on a floor plan, in thousandths of its width or height."""
    return models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(PER_MILLE)]
    )


class LaneDirection(StrEnum):
    """Which ways a lane is walked."""

    entry = "entry"
    exit = "exit"
    both = "both"


class Organiser(Named):
    """The tenant: whose events, whose people, whose pepper."""

    slug = slug_field(unique=True)


class Site(Named):
    """A place with its own days. A day begins at `day_start_hour` of the local clock.

    `floor_plan` is the name of its picture's file, "" without one.
    """

    organiser = models.ForeignKey(Organiser, on_delete=models.PROTECT, related_name="sites")
    slug = slug_field(unique=True)
    time_zone = models.CharField(
        max_length=64, default="Asia/Shanghai", validators=[known_time_zone]
    )
    day_start_hour = models.PositiveSmallIntegerField(default=4, validators=[MaxValueValidator(12)])
    floor_plan = models.CharField(max_length=FILE_NAME_CHARS_MAX, blank=True, editable=False)

    class Meta:
        """A day that begins past noon would have the name of the day before."""

        constraints = (
            models.CheckConstraint(
                condition=Q(day_start_hour__lte=12), name="site_day_start_hour_to_noon"
            ),
        )

    @property
    def zone_info(self) -> ZoneInfo:
        """The time zone as a value."""
        return ZoneInfo(self.time_zone)


class Period(Identified):
    """A span of a site's days whose tickets form one segment, leased together.

    Its bounds never change once tickets were issued into its segment.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="periods")
    key = slug_field()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        """Keys name segments of a site."""

        ordering = ("site", "starts_at")
        constraints = (
            models.UniqueConstraint(fields=("site", "key"), name="period_key_once_per_site"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="period_ends_after_it_starts"
            ),
        )

    def __str__(self) -> str:
        """Show key and first day."""
        return f"{self.key} ({self.starts_at.astimezone(UTC):%Y-%m-%d})"


class Zone(Named):
    """An area people are counted in. `cap` people may be inside at once, 0 without limit."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="zones")
    slug = slug_field(unique=True)
    cap = models.PositiveIntegerField(default=0)
    alarm_percent = models.PositiveSmallIntegerField(default=90)

    class Meta:
        """An alarm at more than the cap would never come."""

        constraints = (
            models.CheckConstraint(
                condition=Q(alarm_percent__gte=1, alarm_percent__lte=100),
                name="zone_alarm_percent_in_1_to_100",
            ),
        )


class Gate(Named):
    """A way into a zone, out of it, or both."""

    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="gates")
    slug = slug_field(unique=True)
    entry = models.BooleanField(default=True)
    exit = models.BooleanField(default=True)
    plan_x = plan_field()
    plan_y = plan_field()

    class Meta:
        """A gate nobody may pass is no gate."""

        constraints = (
            models.CheckConstraint(
                condition=Q(entry=True) | Q(exit=True), name="gate_opens_at_least_one_way"
            ),
        )

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The ways people may go, as core names them."""
        ways = ((Direction.entry, self.entry), (Direction.exit, self.exit))
        return tuple(direction for direction, open_ in ways if open_)


class Lane(Named):
    """One passage of a gate: a turnstile, a door, a rope. `order` counts from the left."""

    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="lanes")
    direction = models.CharField(
        max_length=8, choices=choices(LaneDirection), default=LaneDirection.both.value
    )
    order = models.PositiveSmallIntegerField(default=1)
    plan_x = plan_field()
    plan_y = plan_field()

    class Meta:
        """From left to right."""

        ordering = ("gate", "order", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(direction__in=[value.value for value in LaneDirection]),
                name="lane_direction_known",
            ),
        )
