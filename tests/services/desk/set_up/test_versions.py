"""The versions of the rules: what each changed, by whom, and where it has been met."""

import time

from paifang.core.rules import Role
from paifang.services.desk.compile import Layer, publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.permissions import Actor
from paifang.services.desk.projector import project_all, rebuild
from paifang.services.desk.set_up.rows import Wish
from paifang.services.desk.set_up.versions import newest, reached, versions
from paifang.services.desk.set_up.zones import change_zone
from paifang.store.models import ProjectedRules, TerminalStatus
from tests.desk_makers import commit, issue, make_venue, shown

EVE = Actor("eve", Role.manager)


def test_each_version_says_what_changed_and_who_did_it(desk: DeskContext) -> None:
    venue = make_venue()
    publish("bob")
    change_zone(venue.zone, Wish({"cap": 90, "name": "Big hall"}, 1), EVE)
    project_all()
    second, first = versions(Layer.centre, newest(Layer.centre))
    assert (first.number, first.who, second.number, second.who) == (1, "bob", 2, "eve")
    (change,) = second.changes
    assert (change.kind, change.fields) == ("zones", ["name", "cap"])
    assert (change.before.cap, change.after.cap) == (0, 90)
    kinds = [(one.kind, one.before) for one in first.changes]
    assert kinds == [(kind, None) for kind in ("events", "sites", "zones", "gates", "products")]
    before = list(ProjectedRules.objects.order_by("layer", "version").values())
    rebuild()
    assert list(ProjectedRules.objects.order_by("layer", "version").values()) == before
    assert [one.number for one in versions(Layer.centre, 1)] == [1]
    assert versions(Layer.node, newest(Layer.node))[0].changes[0].kind == "terminals"


def test_a_gate_has_a_version_once_it_decides_by_it_and_silent_terminals_are_named(
    sqlite_desk: DeskContext,
) -> None:
    venue = make_venue()
    (ticket,) = issue(sqlite_desk, venue, [Attendee(name="A")])
    (version,) = versions(Layer.centre, newest(Layer.centre))
    (row,) = reached(version, 0)
    assert (row.gate.slug, row.first_ms, row.seen, row.not_yet) == ("fair-door", 0, [], ["fair-1"])
    (answer,) = commit(sqlite_desk, shown(sqlite_desk, venue, ticket.code, "r1"))
    project_all()
    now_ms = time.time_ns() // 1_000_000
    TerminalStatus.objects.create(terminal=venue.terminal, seen_at_ms=now_ms + 1)
    (row,) = reached(version, 0)
    assert (row.first_ms, row.seen, row.not_yet) == (answer.at_ms, ["fair-1"], [])
    assert answer.decoded().rules[0] == version.number
    (row,) = reached(version, version.at_ms)
    assert row.first_ms == 0
