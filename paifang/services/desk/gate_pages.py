"""What the pages of gates show of the configuration."""

from typing import NamedTuple
from uuid import UUID

from paifang.core.rules import Role, TerminalRole
from paifang.services.desk.permissions import Act, Actor
from paifang.store.models import Gate, Terminal, User


class GateShown(NamedTuple):
    """One gate of a terminal with its zone."""

    slug: str
    name: str
    name_zh: str
    zone: str
    zone_name: str
    zone_name_zh: str
    directions: tuple[str, ...]


class GateChoice(NamedTuple):
    """A gate terminal somebody may choose, and the gates it may stand at."""

    terminal: str
    site_id: UUID
    site: str
    site_zh: str
    gates: tuple[GateShown, ...]

    def site_name(self, language: str) -> str:
        """Return the site's name in a language."""
        return self.site_zh if language.startswith("zh") and self.site_zh else self.site


class Supervisor(NamedTuple):
    """Somebody who may admit against a refusal."""

    username: str
    name: str


def gate_choices(by: Actor) -> list[GateChoice]:
    """Return the gate terminals in use, by site as they were made, and name.

    Those without a gate are left out. Raises NotPermitted.
    """
    by.require(Act.stand_at_gates)
    terminals = (
        Terminal.objects.filter(role=TerminalRole.gate.value, revoked=False)
        .prefetch_related("gates__zone__site")
        .order_by("name")
    )
    choices = [_choice(terminal) for terminal in terminals if terminal.gates.all()]
    return sorted(choices, key=lambda choice: choice.site_id)


def gate_choice(terminal: str, by: Actor) -> GateChoice | None:
    """Return one gate terminal in use, None if there is none of this name. Raises NotPermitted."""
    return next((choice for choice in gate_choices(by) if choice.terminal == terminal), None)


def supervisors() -> list[Supervisor]:
    """Return who may admit against a refusal, by name."""
    found = User.objects.filter(
        role__in=[Role.supervisor.value, Role.manager.value], is_active=True
    ).exclude(pin_hash="")
    return [Supervisor(user.username, user.name) for user in found.order_by("name")]


def _choice(terminal: Terminal) -> GateChoice:
    # The gate a terminal is named after stands first: north-1 opens at the north gate.
    gates = sorted(
        terminal.gates.all(), key=lambda gate: (not terminal.name.startswith(gate.slug), gate.slug)
    )
    site = gates[0].zone.site
    shown = tuple(_gate(gate) for gate in gates)
    return GateChoice(terminal.name, site.pk, site.name, site.name_zh, shown)


def _gate(gate: Gate) -> GateShown:
    zone = gate.zone
    return GateShown(
        gate.slug,
        gate.name,
        gate.name_zh,
        zone.slug,
        zone.name,
        zone.name_zh,
        tuple(direction.value for direction in gate.directions),
    )
