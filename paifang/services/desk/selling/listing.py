"""Orders as the desk lists them: the newest, or those of a number or a buyer."""

from django.db.models import Q, QuerySet

from paifang.core import limits
from paifang.services.desk.permissions import Act, Actor
from paifang.store.models import ProjectedOrder


def orders(text: str, *, by: Actor) -> list[ProjectedOrder]:
    """Return orders whose number, buyer or e-mail address begins with a text; bounded.

    Raises:
        NotPermitted: They may not see orders.
    """
    by.require(Act.see_orders)
    found: QuerySet[ProjectedOrder] = ProjectedOrder.objects.exclude(number="")
    asked = " ".join(text.split())[: limits.SEARCH_CHARS_MAX]
    if asked:
        digits = asked.replace(" ", "")
        found = found.filter(
            Q(number__startswith=digits) | Q(buyer__istartswith=asked) | Q(email__istartswith=asked)
        )
    return list(found[: limits.ORDERS_SHOWN_MAX])
