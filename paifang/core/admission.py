"""The admission decision: one pure function for the centre, the host, the simulator and the tests.

`decide` reads what is known of a ticket, the rules and the clock it is given, and returns whether
the gate opens, why, and what changes if it does. It writes nothing, knows no clock and speaks no
language.

Order of the checks of one entitlement, and so of the reasons: zone, gate, authority, time, people
inside, uses, caps, person. Of several entitlements the first that opens is taken; if none opens,
the one that came furthest gives the reason.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from paifang.core.entering import Passed, entered, entered_before, here, went_out
from paifang.core.reasons import NEVER_OVERRIDDEN, Reason
from paifang.core.rules import EntitlementRule, Gate, Identity, Product, Reentry, Role, Rules, Site
from paifang.core.tickets import (
    Authority,
    CredentialState,
    Passage,
    Status,
    Ticket,
    Use,
    gate_uses_of,
)


class Ask(Protocol):
    """What a gate asks, as `decide` needs it.

    `staff` is who the terminal says is on duty; `actor` is who proved to be, by sign-on or PIN, and
    authority comes from that alone.

    `verdict` is the outcome of the code's own check: genuine, forged, copied, code_too_old,
    clock_off or malformed; or withdrawn, if the gate does not wait for the answer any more and asks
    only what became of its question. `face_check` is "", "match", "staff" or "mismatch".
    """

    @property
    def request_id(self) -> str: ...
    @property
    def terminal(self) -> str: ...
    @property
    def gate(self) -> str: ...
    @property
    def direction(self) -> str: ...
    @property
    def count(self) -> int: ...
    @property
    def verdict(self) -> str: ...
    @property
    def face_check(self) -> str: ...
    @property
    def staff(self) -> str: ...
    @property
    def actor(self) -> str: ...


class Known(NamedTuple):
    """What the ledger knows of the ticket asked for.

    `inside` is the number of people in the gate's zone today, `admitted` that of the ticket's
    session; `authorities` names only segments that are not decided here. `kind` is that of the
    credential that was found, which a look-up of every kind only tells afterwards. `loading`: the
    list of the gate's site is not complete yet, so that no ticket found is not the last word.
    """

    ticket: Ticket | None
    uses: Sequence[Use] = ()
    credential: int = CredentialState.live
    inside: int = 0
    admitted: int = 0
    authorities: Mapping[int, int] = {}
    kind: str = "code"
    loading: bool = False


class Decision(NamedTuple):
    """What `decide` says. `use` is the entitlement's new state if the gate opens, else its old one.

    `fresh` of the people use the ticket up further, `again` of them come back after leaving.
    `uses_left` is None where nothing limits the uses.
    """

    reason: Reason
    use: Use | None = None
    fresh: int = 0
    again: int = 0
    uses_left: int | None = None

    @property
    def opens(self) -> bool:
        """Whether the gate opens."""
        return self.reason is Reason.ok or self.reason is Reason.re_entry


class _Scene(NamedTuple):
    """Everything one decision looks at, gathered once."""

    ask: Ask
    known: Known
    ticket: Ticket
    product: Product
    gate: Gate
    site: Site
    rules: Rules
    day: int
    now_ms: int


_CODE_REASONS = {
    "forged": Reason.forged,
    "copied": Reason.copied,
    "code_too_old": Reason.code_too_old,
    "clock_off": Reason.clock_off,
    "malformed": Reason.malformed,
    "withdrawn": Reason.offline_not_allowed,
}
_STATUS_REASONS: dict[int, Reason] = {
    Status.void: Reason.void,
    Status.refunded: Reason.refunded,
    Status.blocked: Reason.blocked,
    Status.unpaid: Reason.unpaid,
}
_CREDENTIAL_REASONS: dict[int, Reason] = {
    CredentialState.exchanged: Reason.already_exchanged,
    CredentialState.replaced: Reason.void,
}
_NOT_DECIDED_HERE = {
    Authority.elsewhere: Reason.held_elsewhere,
    Authority.not_ready: Reason.not_ready,
}
# How far a check has come: of several entitlements that refuse, the furthest speaks.
_RANK = {
    Reason.wrong_zone: 0,
    Reason.wrong_gate: 1,
    Reason.held_elsewhere: 2,
    Reason.not_ready: 2,
    Reason.expired: 3,
    Reason.wrong_session: 4,
    Reason.not_yet_valid: 4,
    Reason.already_used: 5,
    Reason.recorded_not_opened: 6,
    Reason.already_inside: 6,
    Reason.limit_reached: 6,
    Reason.capacity_reached: 7,
    Reason.identity_mismatch: 8,
    Reason.identity_required: 8,
    Reason.needs_supervisor: 8,
}


def decide(ask: Ask, known: Known, rules: Rules, now_ms: int) -> Decision:
    """Decide whether a gate opens.

    `ask.gate` must be in the bundle (the caller has refused unknown gates as a fault); `now_ms` is
    UTC milliseconds. Returns a decision; raises KeyError only for a bundle that lacks what its own
    tickets name.
    """
    refused = _CODE_REASONS.get(ask.verdict)
    if refused is not None:
        return Decision(refused)
    ticket = known.ticket
    if ticket is None:
        return Decision(Reason.not_ready if known.loading else Reason.unknown)
    scene = _scene_of(ask, known, ticket, rules, now_ms)
    if ask.direction == "exit":
        return _decide_exit(scene)
    refused = _ticket_refusal(scene)
    if refused is not None:
        return Decision(refused, known.uses[0] if known.uses else None)
    return _decide_entry(scene)


def decide_override(ask: Ask, known: Known, rules: Rules, now_ms: int) -> Decision:
    """Decide what a supervisor's word opens: everything but what `NEVER_OVERRIDDEN` names.

    The entry is counted like any other, also beyond the ticket's allowance.
    """
    plain = decide(ask, known, rules, now_ms)
    ticket = known.ticket
    if plain.opens or plain.reason in NEVER_OVERRIDDEN or ticket is None or ask.direction == "exit":
        return plain
    # What refused first may hide what nobody may open, so everything behind it is asked as well.
    scene = _scene_of(ask, known, ticket, rules, now_ms)
    refused = _ticket_refusal(scene)
    if refused not in NEVER_OVERRIDDEN:
        # A supervisor may forgive the payment of a voucher; it is still no ticket.
        refused = _voucher_refusal(scene)
    if refused is not None:
        return Decision(refused, known.uses[0] if known.uses else None)
    found = _decide_entry(scene)
    if found.opens or found.reason in NEVER_OVERRIDDEN or found.use is None:
        return found
    refused = _authority_refusal(scene, found.use) or _cap_refusal(scene, ask.count)
    if refused is not None:
        return Decision(refused, found.use)
    rule = scene.product.entitlements[found.use.n]
    use = entered(_here(found.use, scene), rule, _passed(scene), ask.count, 0)
    return Decision(Reason.ok, use, ask.count, 0, _uses_left(use, rule, ticket.people, scene.day))


def decide_late(ask: Ask, known: Known, rules: Rules, at_ms: int) -> Decision:
    """Decide about people who passed while nobody could be asked, at `at_ms`, UTC milliseconds.

    `reason` is what `decide` would have said then, as far as is known now. They passed all the
    same, so `use` is the entitlement with their entry counted even if it is refused; None if
    nothing can be counted: no ticket, nobody known inside who could leave, or another node decides.
    """
    plain = decide(ask, known, rules, at_ms)
    ticket = known.ticket
    if ask.direction == "exit" or ticket is None or ask.verdict in _CODE_REASONS:
        return plain if plain.opens else Decision(plain.reason)
    here = [use for use in known.uses if use.segment not in known.authorities]
    if not here or plain.reason in _NOT_DECIDED_HERE.values():
        return Decision(plain.reason)
    named = next((use for use in here if plain.use is not None and use.n == plain.use.n), here[0])
    scene = _scene_of(ask, known, ticket, rules, at_ms)
    rule = scene.product.entitlements[named.n]
    if named.day > scene.day:
        use = entered_before(named, rule, _passed(scene), ask.count)
    elif plain.opens:
        return plain
    else:
        use = entered(_here(named, scene), rule, _passed(scene), ask.count, 0)
    left = _uses_left(use, rule, ticket.people, scene.day)
    return Decision(plain.reason, use, ask.count, 0, left)


def _scene_of(ask: Ask, known: Known, ticket: Ticket, rules: Rules, now_ms: int) -> _Scene:
    """Gather what a decision looks at."""
    gate = rules.centre.gates[ask.gate]
    site = rules.site_of_gate(gate)
    product = rules.centre.products[ticket.product]
    return _Scene(ask, known, ticket, product, gate, site, rules, site.day_at(now_ms), now_ms)


def _ticket_refusal(scene: _Scene) -> Reason | None:
    """Check what holds for the ticket as a whole, before any entitlement."""
    refused = _CREDENTIAL_REASONS.get(scene.known.credential)
    if refused is not None:
        return refused
    refused = _STATUS_REASONS.get(scene.ticket.status)
    if refused is not None:
        return refused
    return _voucher_refusal(scene)


def _voucher_refusal(scene: _Scene) -> Reason | None:
    """Whether a voucher has not been exchanged for a ticket yet."""
    if scene.product.exchange_required and not scene.ticket.exchanged:
        return Reason.exchange_required
    return None


def _decide_entry(scene: _Scene) -> Decision:
    """Try the entitlements in order; the first that opens is taken, else the furthest refusal."""
    best = Decision(Reason.wrong_zone)
    best_rank = -1
    for use in scene.known.uses:
        rule = scene.product.entitlements[use.n]
        decision = _try_entitlement(scene, use, rule)
        if decision.opens:
            return decision
        rank = _RANK[decision.reason]
        if rank > best_rank:
            best, best_rank = decision, rank
    return best


def _try_entitlement(scene: _Scene, old: Use, rule: EntitlementRule) -> Decision:
    """Decide one entitlement at one gate."""
    ask, ticket = scene.ask, scene.ticket
    reason = _reach_refusal(scene, old, rule) or _time_refusal(scene, old, rule)
    if reason is not None:
        return Decision(reason, old)
    use = _here(old, scene)
    again = min(ask.count, use.outside) if rule.reentry is Reentry.after_exit else 0
    fresh = ask.count - again
    left = _uses_left(use, rule, ticket.people, scene.day)
    reason = _use_refusal(scene, use, rule, fresh) or _cap_refusal(scene, fresh)
    reason = reason or _person_refusal(scene)
    if reason is not None:
        return Decision(reason, old, 0, 0, left)
    new = entered(use, rule, _passed(scene), fresh, again)
    return Decision(
        Reason.ok if fresh else Reason.re_entry,
        new,
        fresh,
        again,
        _uses_left(new, rule, ticket.people, scene.day),
    )


def _reach_refusal(scene: _Scene, use: Use, rule: EntitlementRule) -> Reason | None:
    """Zone, gate, and whether this node decides."""
    if rule.zone != scene.gate.zone:
        return Reason.wrong_zone
    if rule.gates and scene.gate.slug not in rule.gates:
        return Reason.wrong_gate
    return _authority_refusal(scene, use)


def _authority_refusal(scene: _Scene, use: Use) -> Reason | None:
    """Whether another node decides about an entitlement."""
    authority = scene.known.authorities.get(use.segment)
    return None if authority is None else _NOT_DECIDED_HERE[Authority(authority)]


def _time_refusal(scene: _Scene, use: Use, rule: EntitlementRule) -> Reason | None:
    """Validity window, session, and days from the first use."""
    now, ticket = scene.now_ms, scene.ticket
    if now < max(rule.valid_from_ms, ticket.valid_from_ms):
        return Reason.not_yet_valid
    for until_ms in (rule.valid_until_ms, ticket.valid_until_ms):
        if until_ms and now >= until_ms:
            return Reason.expired
    if rule.session_bound:
        refused = _session_refusal(scene)
        if refused is not None:
            return refused
    if (
        rule.valid_days
        and use.uses
        and scene.site.days_between(use.first_at_ms, now) >= rule.valid_days
    ):
        return Reason.expired
    return None


def _session_refusal(scene: _Scene) -> Reason | None:
    """A ticket of a session enters in that session only; say whether another one is on."""
    now, sessions = scene.now_ms, scene.rules.centre.sessions
    mine = sessions.get(scene.ticket.session)
    if mine is None:
        return Reason.wrong_session
    if mine.opens_ms <= now < mine.closes_ms:
        return None
    event = scene.ticket.event
    if any(s.event == event and s.opens_ms <= now < s.closes_ms for s in sessions.values()):
        return Reason.wrong_session
    return Reason.not_yet_valid if now < mine.opens_ms else Reason.expired


def _use_refusal(scene: _Scene, use: Use, rule: EntitlementRule, fresh: int) -> Reason | None:
    """People inside, and the limits that count people: in all, per day, per gate, days."""
    people, count = scene.ticket.people, scene.ask.count
    if rule.anti_passback and use.inside + count > people:
        return Reason.already_inside if use.inside else Reason.limit_reached
    if not fresh:
        return None
    if rule.uses_max and use.uses + fresh > rule.uses_max * people:
        return _used_up(use, rule, rule.uses_max * people - use.uses, Reason.already_used)
    if rule.days_max and not use.day_uses and use.days >= rule.days_max:
        return _used_up(use, rule, 0, Reason.already_used)
    if rule.day_uses_max and use.day_uses + fresh > rule.day_uses_max * people:
        left = rule.day_uses_max * people - use.day_uses
        return _used_up(use, rule, left, Reason.limit_reached)
    if rule.gate_uses_max:
        left = rule.gate_uses_max * people - gate_uses_of(use, scene.gate.slug)
        if fresh > left:
            return _used_up(use, rule, left, Reason.limit_reached)
    return None


def _used_up(use: Use, rule: EntitlementRule, remaining: int, otherwise: Reason) -> Reason:
    """Name why the uses do not suffice: some are left, nobody passed, still inside, or used."""
    if remaining > 0:
        return Reason.limit_reached
    if use.last_passage in (Passage.not_shown, Passage.no_passage):
        return Reason.recorded_not_opened
    if rule.reentry is Reentry.after_exit and use.inside:
        return Reason.already_inside
    return otherwise


def _cap_refusal(scene: _Scene, fresh: int) -> Reason | None:
    """Caps of the zone (people inside now) and of the session (people admitted)."""
    cap = scene.rules.centre.zones[scene.gate.zone].cap
    if cap and scene.known.inside + scene.ask.count > cap:
        return Reason.capacity_reached
    session = scene.rules.centre.sessions.get(scene.ticket.session)
    if session is not None and session.cap and scene.known.admitted + fresh > session.cap:
        return Reason.capacity_reached
    return None


def _person_refusal(scene: _Scene) -> Reason | None:
    """What must be shown beside the ticket, last, so that nobody is checked for a used ticket."""
    ask, product = scene.ask, scene.product
    if ask.face_check == "mismatch":
        return Reason.identity_mismatch
    enough = ask.face_check in ("match", "staff")
    if product.identity is Identity.document:
        enough = enough or scene.known.kind == "document"
    if product.identity is not Identity.none and not enough:
        return Reason.identity_required
    if product.supervised:
        staff = scene.rules.node.staff.get(ask.actor)
        if staff is None or not staff.active or staff.role not in (Role.supervisor, Role.manager):
            return Reason.needs_supervisor
    return None


def _decide_exit(scene: _Scene) -> Decision:
    """Let people out who are recorded inside today; neither status nor time keeps anybody in."""
    count = scene.ask.count
    elsewhere = None
    for old in scene.known.uses:
        rule = scene.product.entitlements[old.n]
        refused = _authority_refusal(scene, old)
        if refused is not None:
            if rule.zone == scene.gate.zone:
                elsewhere = elsewhere or Decision(refused, old)
            continue
        if old.day != scene.day or old.zone != scene.gate.zone or old.inside < count:
            continue
        use = went_out(old, count)
        return Decision(Reason.ok, use, 0, 0, _uses_left(use, rule, scene.ticket.people, scene.day))
    return elsewhere or Decision(
        Reason.not_inside, scene.known.uses[0] if scene.known.uses else None
    )


def _here(use: Use, scene: _Scene) -> Use:
    return here(use, scene.gate.zone, scene.day)


def _passed(scene: _Scene) -> Passed:
    """Return who passes where and when, if they do."""
    ask = scene.ask
    return Passed(
        ask.request_id,
        ask.terminal,
        ask.staff,
        ask.gate,
        scene.gate.zone,
        scene.day,
        scene.now_ms,
    )


def _uses_left(use: Use, rule: EntitlementRule, people: int, day: int) -> int | None:
    """Return how many people may still go in now by the counted limits, None if nothing limits."""
    lefts = []
    if rule.uses_max:
        lefts.append(rule.uses_max * people - use.uses)
    if rule.day_uses_max:
        today = use.day_uses if use.day == day else 0
        lefts.append(rule.day_uses_max * people - today)
    return max(0, min(lefts)) if lefts else None
