"""The table of who may do what: complete, closed, and asked before anything is done."""

import pytest

from paifang.core.rules import Role
from paifang.services.desk.permissions import ALLOWED, Act, Actor, NotPermitted


def test_every_act_has_its_row() -> None:
    assert set(ALLOWED) == set(Act)
    assert all(ALLOWED[act] for act in Act)


def test_managers_may_do_everything_at_the_desk() -> None:
    assert all(Actor("eve", Role.manager).may(act) for act in Act)


def test_regulator_and_auditor_only_look() -> None:
    looking = {act for act in Act if act.value.startswith("see_")} | {Act.find_tickets}
    for role in (Role.regulator, Role.auditor):
        assert {act for act in Act if Actor("x", role).may(act)} <= looking


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", Act)
def test_an_act_is_done_by_its_roles_and_refused_to_others(role: Role, act: Act) -> None:
    by = Actor("x", role)
    if role in ALLOWED[act]:
        by.require(act)
    else:
        with pytest.raises(NotPermitted) as refused:
            by.require(act)
        assert refused.value.act is act


def test_the_machine_itself_may_do_everything() -> None:
    assert all(Actor("command line").may(act) for act in Act)
