"""What many tables have in common."""

from enum import StrEnum
from typing import Final

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from paifang.core import limits
from paifang.store.ids import new_uuid

NUMBER_MAX: Final = 2_147_483_647
"""Numbers stand in codes as unsigned 32 bit; PostgreSQL's integer keeps half of them."""

SLUG_CHARS_MAX: Final = 50

# Spaces and "=" separate slugs in the ledger's compact texts, so neither may stand in one.
SLUG_PATTERN: Final = r"[a-z0-9]+(?:[-_][a-z0-9]+)*"
slug_form = RegexValidator(rf"^{SLUG_PATTERN}\Z")


class Numbering(models.Model):
    """The last short number given of a kind; one that was taken away again is not given twice."""

    kind = models.CharField(max_length=16, primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        """Show kind and number."""
        return f"{self.kind} {self.last}"


def choices(values: type[StrEnum]) -> list[tuple[str, str]]:
    """Return the choices of a closed list of core."""
    return [(value.value, value.value) for value in values]


def number_field() -> "models.PositiveIntegerField[int, int]":
    """Return the field of a short number used in codes and in the ledger; never given twice."""
    return models.PositiveIntegerField(
        unique=True, validators=[MinValueValidator(1), MaxValueValidator(NUMBER_MAX)]
    )


def slug_field(*, unique: bool = False) -> "models.CharField[str, str]":
    """Return the field of a short name in addresses and in the ledger."""
    return models.CharField(max_length=SLUG_CHARS_MAX, validators=[slug_form], unique=unique)


class Identified(models.Model):
    """A row with a version 7 UUID."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)

    class Meta:
        """No table of its own."""

        abstract = True


class Named(Identified):
    """A row with a name in both languages; the Chinese one may be empty if they are alike.

    `version` counts its changes, so that of two people who change it at a time the second is told.
    """

    name = models.CharField(max_length=limits.NAME_CHARS_MAX)
    name_zh = models.CharField(max_length=limits.NAME_CHARS_MAX, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        """No table of its own."""

        abstract = True

    def __str__(self) -> str:
        """Show the name."""
        return self.name
