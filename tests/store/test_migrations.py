"""The store's tables come into being on both engines, and say no to what makes no sense."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models.base import ModelBase

from paifang.store import models
from tests.desk_fixtures import Place
from tests.desk_makers import NOW, make_venue


def test_every_table_of_the_models_is_there(store: Place) -> None:
    made = set(connection.introspection.table_names())
    wanted = {
        f"store_{name.lower()}"
        for name in models.__all__
        if isinstance(getattr(models, name), ModelBase)
    }
    assert len(wanted) > 10
    assert wanted <= made


def test_the_models_ask_for_no_further_migration(store: Place) -> None:
    told = StringIO()
    call_command("makemigrations", check_changes=True, dry_run=True, stdout=told)
    assert "No changes" in told.getvalue()


def test_migrations_can_be_taken_back(store: Place) -> None:
    call_command("migrate", "store", "zero", verbosity=0)
    assert "store_user" not in connection.introspection.table_names()


def refused(**columns: object) -> None:
    model, values = columns.pop("model"), columns
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.create(**values)  # type: ignore[attr-defined]


def test_what_makes_no_sense_is_refused_by_the_database(store: Place) -> None:
    venue = make_venue()
    host = venue.event.organiser
    later = NOW + timedelta(hours=1)
    refused(model=models.Event, organiser=host, number=1, slug="other", name="Same number")
    refused(model=models.Event, organiser=host, number=9, slug="fair", name="Same slug")
    refused(
        model=models.Event,
        organiser=host,
        number=9,
        slug="backwards",
        name="Ends first",
        starts_at=later,
        ends_at=NOW,
    )
    refused(model=models.Gate, zone=venue.zone, slug="wall", name="No way", entry=False, exit=False)
    refused(model=models.Zone, site=venue.site, slug="z", name="Alarm beyond", alarm_percent=101)
    refused(model=models.EntitlementRule, product=venue.product, position=0, zone=venue.zone)
    refused(model=models.Period, site=venue.site, key="p", starts_at=later, ends_at=NOW)
    refused(model=models.Terminal, name=venue.terminal.name)
    refused(model=models.Terminal, name="odd-1", role="oracle")
    refused(model=models.Product, event=venue.event, number=9, name="Nobody", people=0)


def test_a_user_name_is_one_name_in_any_case(store: Place) -> None:
    models.User.objects.create_user("Ann", "tea-leaf-42", name="Ann")
    refused(model=models.User, username="ANN", name="Another")
    assert models.User.objects.get_by_natural_key("aNN").username == "ann"


def test_what_is_authored_here_is_flushed_to_the_disk(sqlite_desk: object) -> None:
    with connection.cursor() as cursor:
        told = {}
        for pragma in ("journal_mode", "synchronous", "secure_delete", "foreign_keys"):
            cursor.execute(f"PRAGMA {pragma}")
            told[pragma] = cursor.fetchone()[0]
    assert told == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}
