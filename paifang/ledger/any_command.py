"""Every command there is, as one type: what may come over the ledger's socket."""

from paifang.ledger import commands as c
from paifang.ledger.lease_commands import LeaseCommand
from paifang.ledger.restore_commands import RestoreCommand
from paifang.ledger.sale_commands import SaleCommand

AnyCommand = (
    c.Admit
    | c.Preview
    | c.Override
    | c.Record
    | c.ConfirmPassage
    | c.Annul
    | c.SignOn
    | c.SignOff
    | c.Issue
    | c.Bind
    | c.Exchange
    | c.SetStatus
    | c.SetQuota
    | c.Allot
    | c.Hold
    | c.Confirm
    | c.Release
    | c.OpenSegment
    | c.Publish
    | c.Erase
    | c.Seal
    | LeaseCommand
    | RestoreCommand
    | SaleCommand
)
