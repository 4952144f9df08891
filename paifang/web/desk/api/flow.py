"""The flow at the gates, for monitors."""

from typing import Final

from django.http import HttpRequest

from paifang.core import limits
from paifang.services.desk.flow import FLOW
from paifang.services.live.bodies_search import FlowAnswer
from paifang.services.live.callers import OCCUPANCY
from paifang.web.desk.api.caller import api, caller_of, now_ms, rules_in_force
from paifang.web.desk.api.tickets import number_in

MINUTES_DEFAULT: Final = 60


@api("GET")
def gate_flow(request: HttpRequest) -> FlowAnswer:
    """Return people in and out and refusals per gate and minute."""
    caller = caller_of(request, OCCUPANCY)
    minutes = number_in(request, "minutes", MINUTES_DEFAULT, limits.FLOW_MINUTES_MAX)
    rules = rules_in_force()
    return FLOW.told(rules, caller.sites(rules), minutes, now_ms())
