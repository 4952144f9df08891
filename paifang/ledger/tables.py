"""The ledger's tables, described once; both engines make their statements from this.

A table's columns are the fields of its row class in the same order, the first `key` of them its
primary key. Types: i integer (64 bit), t text, b bytes.
"""

from typing import Any, Final, NamedTuple

from paifang.ledger import rows as r


class Table(NamedTuple):
    """One table: its name, row class, number of key columns, and column types."""

    name: str
    row: type[Any]
    key: int
    types: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(self.row._fields)

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Names of the primary key's columns."""
        return self.columns[: self.key]


HEAD: Final = Table("head", r.Head, 1, "itttiiibiiiiii")
CREDENTIAL: Final = Table("credential", r.CredentialRow, 1, "btbib")
TICKET: Final = Table("ticket", r.Ticket, 1, "biiiiiiiiitb")
USE: Final = Table("use", r.Use, 2, "biiiiiiiittitttti")
ZONE_DAY: Final = Table("zone_day", r.ZoneDay, 2, "tiii")
SESSION_COUNT: Final = Table("session_count", r.SessionCount, 1, "ii")
QUOTA: Final = Table("quota", r.Quota, 1, "tiiiii")
HOLD: Final = Table("hold", r.Hold, 1, "ttiii")
REQUEST: Final = Table("request", r.Request, 1, "tbiii")
AFTERMATH: Final = Table("aftermath", r.Aftermath, 1, "tiii")
JOURNAL: Final = Table("journal", r.JournalRow, 3, "iiiitttbb")
ENCLOSURE: Final = Table("enclosure", r.EnclosureRow, 4, "iiiibtbbb")
PAGE: Final = Table("page", r.PageRow, 2, "iiiiib")
BUNDLE: Final = Table("bundle", r.BundleRow, 2, "tiibbb")
LEASE: Final = Table("lease", r.Lease, 1, "btttitiiiiiibbit")
BASE: Final = Table("base", r.Base, 2, "iiiibiii")
BASE_TICKET: Final = Table("base_ticket", r.BaseTicket, 1, "bb")
LOADED: Final = Table("loaded", r.Loaded, 1, "ib")
WISH: Final = Table("wish", r.Wish, 1, "bbtiiiit")
ACK: Final = Table("ack", r.Ack, 1, "tiibi")
LATE: Final = Table("late", r.LateRow, 3, "tiiitttbi")
GATHERED: Final = Table("gathered", r.Gathered, 2, "bttii")
ACT: Final = Table("act", r.Act, 2, "btttiiittb")
SETTLED: Final = Table("settled", r.Settled, 1, "ttiiittb")
PEER: Final = Table("peer", r.PeerState, 1, "tibbiiiittit")
SPARED: Final = Table("spared", r.Spared, 1, "tii")
FALLBACK: Final = Table("fallback", r.Fallback, 2, "btb")
SALE: Final = Table("sale", r.SaleRow, 1, "bittiiiiiib")
SOLD: Final = Table("sold", r.SoldRow, 1, "bbii")
SHIFT: Final = Table("shift", r.Shift, 1, "tttiiii")
MONEY: Final = Table("money", r.MoneyRow, 2, "tti")

TABLES: Final = (
    HEAD,
    CREDENTIAL,
    TICKET,
    USE,
    ZONE_DAY,
    SESSION_COUNT,
    QUOTA,
    HOLD,
    REQUEST,
    AFTERMATH,
    JOURNAL,
    ENCLOSURE,
    PAGE,
    BUNDLE,
    LEASE,
    BASE,
    BASE_TICKET,
    LOADED,
    WISH,
    ACK,
    LATE,
    GATHERED,
    ACT,
    SETTLED,
    PEER,
    SPARED,
    FALLBACK,
    SALE,
    SOLD,
    SHIFT,
    MONEY,
)

INDEXES: Final = (
    ("credential_ticket", "credential", "ticket, kind"),
    ("hold_expiry", "hold", "quota, state, until_ms"),
    ("enclosure_ticket", "enclosure", "ticket"),
)

LAST_OF_EPOCHS: Final = (
    "SELECT epoch, max(seq) FROM journal WHERE segment={} GROUP BY epoch ORDER BY epoch"
)

SCHEMA_VERSION: Final = 4

_SINCE_2: Final = (
    LEASE,
    BASE,
    BASE_TICKET,
    LOADED,
    WISH,
    ACK,
    LATE,
    PEER,
    GATHERED,
    ACT,
    SETTLED,
)
"""Tables that came with leases."""

_SINCE_3: Final = (SPARED, FALLBACK)
"""Tables that came with sealed grants."""

_SINCE_4: Final = (SALE, SOLD, SHIFT, MONEY)
"""Tables that came with selling."""


def create_statements(type_names: dict[str, str], table_suffix: str) -> list[str]:
    """Return the statements that make an empty ledger, in one engine's words."""
    statements = [_create_statement(table, type_names, table_suffix) for table in TABLES]
    statements += [f"CREATE INDEX {n} ON {table} ({cols})" for n, table, cols in INDEXES]
    statements.append(
        f"CREATE TABLE meta (name {type_names['t']} PRIMARY KEY, value {type_names['t']} NOT NULL)"
    )
    return statements


def _create_statement(table: Table, type_names: dict[str, str], table_suffix: str) -> str:
    columns = ", ".join(
        f"{name} {type_names[kind]} NOT NULL"
        for name, kind in zip(table.columns, table.types, strict=True)
    )
    key = ", ".join(table.key_columns)
    return f"CREATE TABLE {table.name} ({columns}, PRIMARY KEY ({key})){table_suffix}"


def upgrade_statements(
    version: int, type_names: dict[str, str], table_suffix: str
) -> list[str] | None:
    """Return the statements that bring an older ledger up to date; None if none are known."""
    if version not in (1, 2, 3):
        return None
    if version == 1:
        added = [
            f"ALTER TABLE head ADD COLUMN {name} {type_names['i']} NOT NULL DEFAULT 0"
            for name in ("until_ms", "doubt", "rights")
        ]
        tables = [*_SINCE_2, *_SINCE_3, *_SINCE_4]
    elif version == 2:
        added = [
            f"ALTER TABLE {table} ADD COLUMN {name} {type_names['t']} NOT NULL DEFAULT ''"
            for table, name in (("lease", "spare"), ("peer", "link"))
        ]
        tables = [*_SINCE_3, *_SINCE_4]
    else:
        added, tables = [], [*_SINCE_4]
    return [*added, *(_create_statement(table, type_names, table_suffix) for table in tables)]
