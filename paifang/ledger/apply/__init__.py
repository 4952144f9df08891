"""What each command does to a unit of work: one function per command, found by its type."""

from collections.abc import Callable
from typing import Any

from paifang.ledger import commands as c
from paifang.ledger import lease_commands as lc
from paifang.ledger import restore_commands as rc
from paifang.ledger import sale_commands as sc
from paifang.ledger.apply import (
    admission,
    aftermath,
    configuration,
    delta,
    duty,
    erasing,
    importing,
    late,
    leases,
    lessee,
    peers,
    quota,
    recover,
    regaining,
    restoring,
    sales,
    sealing,
    shifts,
    spares,
    ticketing,
)
from paifang.ledger.facts import Answer
from paifang.ledger.work import Work

_APPLY: dict[type[c.Command], Callable[[Work, Any], Answer]] = {
    c.Admit: admission.admit,
    c.Override: admission.override,
    c.Record: late.record,
    c.ConfirmPassage: aftermath.confirm_passage,
    c.Annul: aftermath.annul,
    c.SignOn: duty.sign_on,
    c.SignOff: duty.sign_off,
    c.Issue: ticketing.issue,
    c.Bind: ticketing.bind,
    c.Exchange: ticketing.exchange,
    c.SetStatus: ticketing.set_status,
    c.Erase: erasing.erase,
    c.SetQuota: quota.set_quota,
    c.Allot: quota.allot,
    c.Hold: quota.hold,
    c.Confirm: quota.confirm,
    c.Release: quota.release,
    c.OpenSegment: configuration.open_segment,
    c.Publish: configuration.publish,
    c.Seal: sealing.seal,
    lc.GrantLease: leases.grant_lease,
    lc.ExtendLease: leases.extend_lease,
    lc.BreakLease: leases.break_lease,
    lc.MakeWish: leases.make_wish,
    lc.ImportRows: importing.import_rows,
    lc.HearPeer: peers.hear_peer,
    lc.AdoptRules: configuration.adopt_rules,
    lc.TakeLease: lessee.take_lease,
    lc.LoadRecords: lessee.load_records,
    lc.Recover: recover.recover,
    lc.OpenLease: recover.open_lease,
    lc.BreakGlass: spares.break_glass,
    lc.KeepActs: spares.keep_acts,
    lc.HearSpare: spares.hear_spare,
    lc.ApplyDelta: delta.apply_delta,
    lc.ProlongLease: lessee.prolong_lease,
    lc.AnswerWish: lessee.answer_wish,
    lc.HearAcks: lessee.hear_acks,
    lc.ReturnLease: lessee.return_lease,
    lc.LoseLease: lessee.lose_lease,
    rc.Restore: restoring.restore,
    rc.Regain: regaining.regain,
    rc.Reported: restoring.reported,
    rc.WriteOffNode: restoring.write_off_node,
    rc.HearRestored: restoring.hear_restored,
    sc.PlaceOrder: sales.place_order,
    sc.EndOrder: sales.end_order,
    sc.Capture: sales.capture,
    sc.Refund: sales.refund,
    sc.OpenShift: shifts.open_shift,
    sc.MoveCash: shifts.move_cash,
    sc.CloseShift: shifts.close_shift,
}


def apply(work: Work, command: c.Command) -> Answer:
    """Carry out one command in a unit of work, or repeat the answer its request_id already has.

    Raises Misuse before anything of the command is changed.
    """
    if type(command) is c.Preview:
        return admission.preview(work, command)
    return work.answered(command) or _APPLY[type(command)](work, command)
