"""The tables of the store: fields, constraints, names. What is done with them is in services."""

from paifang.store.models.audit import AuditEntry, SignInFailure
from paifang.store.models.base import Numbering
from paifang.store.models.customers import ConsentText, Customer, CustomerKey
from paifang.store.models.desk_tickets import CompanyQuota, TicketLink, TicketView
from paifang.store.models.doors import DoorList, DoorListLine
from paifang.store.models.imports import (
    Import,
    ImportMapping,
    ImportRow,
    ImportStage,
    ImportTicket,
)
from paifang.store.models.jobs import Job, JobState
from paifang.store.models.nodes import JoinCode, Peer
from paifang.store.models.offers import EntitlementRule, Event, Price, Product, Session
from paifang.store.models.paper import PaperPrint, PaperTicketPrinted
from paifang.store.models.people import StaffCard, User, UserManager
from paifang.store.models.places import Gate, Lane, Organiser, Period, Site, Zone
from paifang.store.models.projections import (
    Position,
    ProjectedAdmission,
    ProjectedAftermath,
    ProjectedOrder,
    ProjectedRules,
    ProjectedTicket,
    SearchTerm,
    SegmentNode,
    TicketFact,
)
from paifang.store.models.shared_cache import SharedCache
from paifang.store.models.staff_links import StaffLink
from paifang.store.models.tallies import (
    FlowTally,
    GateMinuteTally,
    IssueTally,
    MinuteTally,
    OriginTally,
    TicketTally,
)
from paifang.store.models.terminals import Pairing, Terminal, TerminalStatus, TerminalToken

__all__ = [
    "AuditEntry",
    "CompanyQuota",
    "ConsentText",
    "Customer",
    "CustomerKey",
    "DoorList",
    "DoorListLine",
    "EntitlementRule",
    "Event",
    "FlowTally",
    "Gate",
    "GateMinuteTally",
    "Import",
    "ImportMapping",
    "ImportRow",
    "ImportStage",
    "ImportTicket",
    "IssueTally",
    "Job",
    "JobState",
    "JoinCode",
    "Lane",
    "MinuteTally",
    "Numbering",
    "Organiser",
    "OriginTally",
    "Pairing",
    "PaperPrint",
    "PaperTicketPrinted",
    "Peer",
    "Period",
    "Position",
    "Price",
    "Product",
    "ProjectedAdmission",
    "ProjectedAftermath",
    "ProjectedOrder",
    "ProjectedRules",
    "ProjectedTicket",
    "SearchTerm",
    "SegmentNode",
    "Session",
    "SharedCache",
    "SignInFailure",
    "Site",
    "StaffCard",
    "StaffLink",
    "Terminal",
    "TerminalStatus",
    "TerminalToken",
    "TicketFact",
    "TicketLink",
    "TicketTally",
    "TicketView",
    "User",
    "UserManager",
    "Zone",
]
