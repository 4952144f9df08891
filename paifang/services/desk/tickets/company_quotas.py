"""Exhibitors' quotas: how many free tickets of a type a company may be given, and how many it was.

The numbers stand in the ledger, where units are held before tickets are made and sold after, so
that two people who hand out at once never give more than there are. The store knows whose they are.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from paifang.core import limits
from paifang.core.quota import Quota
from paifang.core.rules import Rules
from paifang.ledger.commands import SetQuota
from paifang.ledger.faults import LedgerFault, NotPossible
from paifang.ledger.work import OWN_SEGMENT
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.search_terms import fold
from paifang.services.desk.tickets.acts import request_of
from paifang.store.models import CompanyQuota, Product


class QuotaError(Exception):
    """A quota cannot be set so; `code` is stable."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


class CompanyQuotaShown(NamedTuple):
    """A company's quota of a ticket type: granted in all, and given by now."""

    row: CompanyQuota
    granted: int
    given: int

    @property
    def left(self) -> int:
        """How many may still be given."""
        return self.granted - self.given


def counter_of(quota: UUID) -> str:
    """Return the name of a company's counter in the ledger."""
    return f"company:{quota.hex}"


def company_quotas(*, by: Actor, text: str = "") -> list[CompanyQuotaShown]:
    """Return the quotas of companies whose name holds a text, by name; bounded.

    Raises:
        NotPermitted: They may not hand out tickets.
        LedgerFault: The ledger could not be read.
    """
    by.require(Act.hand_out_tickets)
    found: QuerySet[CompanyQuota] = CompanyQuota.objects.select_related("product__event")
    if folded := fold(text):
        found = found.filter(folded__contains=folded)
    return _with_numbers(found[: limits.COMPANY_QUOTAS_SHOWN_MAX])


def company_quota(quota: str, *, by: Actor) -> CompanyQuotaShown | None:
    """Return one quota by its id, None for none. Raises as `company_quotas`."""
    by.require(Act.hand_out_tickets)
    try:
        found = CompanyQuota.objects.select_related("product__event").filter(pk=UUID(quota))
    except ValueError:
        return None
    return next(iter(_with_numbers(found)), None)


def set_company_quota(
    rules: Rules, company: str, product: int, count: int, *, act_id: str, by: Actor
) -> CompanyQuota:
    """Say how many tickets of a type a company may be given in all; said again, that holds.

    Args:
        rules: The bundle in force.
        company: The company's name.
        product: The ticket type's number.
        count: How many in all, those given included.
        act_id: Names the act.
        by: Who acts.

    Raises:
        NotPermitted: They may not hand out tickets.
        QuotaError: company_missing, product_unknown, count_wrong or below_given.
        LedgerFault: The ledger could not be reached or cannot write; ask again with the same id.
    """
    by.require(Act.hand_out_tickets)
    name = " ".join(company.split())[: limits.FIELD_CHARS_MAX]
    folded = fold(name)[: limits.FIELD_CHARS_MAX]
    if not folded:
        raise QuotaError("company_missing")
    known = Product.objects.filter(number=product).first()
    if known is None or product not in rules.centre.products:
        raise QuotaError("product_unknown")
    if not 0 <= count <= limits.QUOTA_UNITS_MAX:
        raise QuotaError("count_wrong")
    with transaction.atomic():
        row, _ = CompanyQuota.objects.get_or_create(
            product=known, folded=folded, defaults={"company": name}
        )
        command = SetQuota(
            request_id=request_of(act_id, "quota", row.pk),
            actor=by.name,
            quota=counter_of(row.pk),
            segment=OWN_SEGMENT,
            capacity=count,
        )
        (answer,) = context().ledger.commit([command])
        if isinstance(answer, NotPossible):
            raise QuotaError("below_given")
        if isinstance(answer, LedgerFault):
            raise answer
        audit.record(
            "company_quota_set", who=by.name, subject=f"{row.pk.hex} {count}", where=by.where
        )
    return row


def _with_numbers(rows: Iterable[CompanyQuota]) -> list[CompanyQuotaShown]:
    found = list(rows)
    counters = context().ledger.quotas([counter_of(row.pk) for row in found])
    shown = []
    for row in found:
        counter = counters.get(counter_of(row.pk), Quota("", OWN_SEGMENT))
        shown.append(CompanyQuotaShown(row, counter.capacity, counter.sold + counter.held))
    return shown
