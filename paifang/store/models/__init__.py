"""The tables of the store: fields, constraints, names. What is done with them is in services."""

from paifang.store.models.audit import AuditEntry, SignInFailure
from paifang.store.models.offers import EntitlementRule, Event, Product, Session
from paifang.store.models.people import User, UserManager
from paifang.store.models.places import Gate, Organiser, Period, Site, Zone
from paifang.store.models.projections import (
    Position,
    ProjectedAdmission,
    ProjectedAftermath,
    ProjectedTicket,
)
from paifang.store.models.terminals import Terminal, TerminalToken

__all__ = [
    "AuditEntry",
    "EntitlementRule",
    "Event",
    "Gate",
    "Organiser",
    "Period",
    "Position",
    "Product",
    "ProjectedAdmission",
    "ProjectedAftermath",
    "ProjectedTicket",
    "Session",
    "SignInFailure",
    "Site",
    "Terminal",
    "TerminalToken",
    "User",
    "UserManager",
    "Zone",
]
