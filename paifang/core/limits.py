"""Every bound of the system, in one place and with its unit in its name.

A bound that can be met by a person has words for it where it is enforced. The same table stands in
docs/reference/limits.md, and tests/test_tidy.py keeps the two alike.
"""

from typing import Final

# Requests on the hot paths.
BODY_BYTES_MAX: Final = 64 * 1024
CODE_CHARS_MAX: Final = 512
REQUEST_ID_CHARS_MAX: Final = 64
REASON_TEXT_CHARS_MAX: Final = 500
GROUP_PEOPLE_MAX: Final = 999
LOOKUPS_MAX: Final = 8
EVENTS_PER_GATE_MAX: Final = 16

# The writer.
BATCH_COMMANDS_MAX: Final = 512
QUEUE_COMMANDS_MAX: Final = 8_192
SOCKET_FRAME_BYTES_MAX: Final = 32 * 1024 * 1024
SOCKET_COMMANDS_MAX: Final = 512
RETRY_CONFLICTS_MAX: Final = 8
WRITER_WAIT_S: Final = 15

# The journal.
PAGE_ROWS_MAX: Final = 500
PAYLOAD_BYTES_MAX: Final = 64 * 1024
ENCLOSURES_MAX: Final = 8
ENCLOSURE_BYTES_MAX: Final = 64 * 1024
DISPLAY_CHARS_MAX: Final = 200
BUNDLE_BYTES_MAX: Final = 16 * 1024 * 1024

# Leases and what travels between nodes.
LEASE_MS_MAX: Final = 400 * 24 * 60 * 60 * 1000
LEASE_PERIODS_MAX: Final = 64
IMPORT_ROWS_AT_ONCE_MAX: Final = 200
CHUNK_TICKETS_MAX: Final = 500
RECOVER_ACTS_MAX: Final = 100
LANE_BODY_BYTES_MAX: Final = 8 * 1024 * 1024
ANSWERS_CARRIED_MAX: Final = 20_000
PEERS_MAX: Final = 1_000
FOREIGN_EVENTS_MAX: Final = 10_000
JOIN_CODE_S: Final = 600
SYNC_BODY_BYTES_MAX: Final = 8 * 1024 * 1024
SYNC_ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
SYNC_TELL_BYTES_FIRST: Final = 32 * 1024
SYNC_TELL_BYTES_MIN: Final = 4 * 1024
SYNC_TELL_BYTES_MAX: Final = 4 * 1024 * 1024
SYNC_WAITING_MAX: Final = 64
SYNC_CLOCK_MS_MAX: Final = 5 * 60 * 1000
SYNC_EXPORT_BYTES_MAX: Final = 32 * 1024 * 1024

# Rules.
ENTITLEMENTS_MAX: Final = 32
CREDENTIALS_MAX: Final = 8
ANNUL_WITHIN_MS: Final = 15 * 60 * 1000
RECORD_WITHIN_MS: Final = 7 * 24 * 60 * 60 * 1000
RECORDS_MAX: Final = 100
HOLD_MS_MAX: Final = 24 * 60 * 60 * 1000
HOLD_UNITS_MAX: Final = 10_000
QUOTA_UNITS_MAX: Final = 100_000_000
ORDER_LINES_MAX: Final = 20
AMOUNT_MINOR_MAX: Final = 1_000_000_000_000
CURRENCY_CHARS: Final = 3

# Disk: selling stops first, then the reserve file is given up so that gates can go on.
DISK_RESERVE_BYTES: Final = 16 * 1024 * 1024
DISK_SELL_FLOOR_BYTES: Final = 64 * 1024 * 1024
DISK_CHECK_EVERY_MS: Final = 2_000

# Clock: how far the wall clock may disagree with the steady one before it is reported.
CLOCK_STEP_MS_MAX: Final = 2_000

# Sign-on and tokens.
TOKEN_CHARS_MAX: Final = 256
SCAN_TOKEN_S: Final = 12 * 60 * 60
PIN_TRIES_MAX: Final = 5
PIN_WINDOW_S: Final = 300
CHALLENGE_S: Final = 60
TERMINAL_TOKEN_S: Final = 30 * 60
SHIFT_S: Final = 16 * 60 * 60
CARD_CHARS_MAX: Final = 64
CARDS_PER_STAFF_MAX: Final = 8
SIGN_IN_TRIES_MAX: Final = 10
SIGN_IN_WINDOW_S: Final = 600
INVITATION_S: Final = 7 * 24 * 60 * 60
PASSWORD_LINK_S: Final = 24 * 60 * 60
AUDIT_ACTS_MAX: Final = 200
SEALS_AT_ONCE_MAX: Final = 200

# Pairing terminals.
PAIRING_CODE_S: Final = 600
PAIRING_TRIES_MAX: Final = 20
PAIRING_WINDOW_S: Final = 600
VERSION_CHARS_MAX: Final = 40

# The stream and the page.
STREAM_SUBSCRIBERS_MAX: Final = 256
STREAM_QUEUE_MAX: Final = 1_000
STREAM_HEARTBEAT_S: Final = 15
OCCUPANCY_AGE_MS_MAX: Final = 250

# An exported certificate: what its passphrase must be, and what its file may ask of who reads it.
PASSPHRASE_BYTES_MIN: Final = 12
PASSPHRASE_LETTERS_MIN: Final = 6
CERTIFICATE_FILE_BYTES_MAX: Final = 64 * 1024
CERTIFICATE_KDF_PASSES_MAX: Final = 16
CERTIFICATE_KDF_BYTES_MAX: Final = 1024 * 1024 * 1024

# Forwarding to the desk.
FORWARD_CONNECTIONS_MAX: Final = 64
FORWARD_BODY_BYTES_MAX: Final = 257 * 1024 * 1024
FORWARD_TIMEOUT_S: Final = 120

# The projector.
PROJECT_ROWS_MAX: Final = 1_000

# Search.
SEARCH_TERM_CHARS_MAX: Final = 16
SEARCH_TERMS_MAX: Final = 48
SEARCH_CHARS_MAX: Final = 100
SEARCH_FOUND_MAX: Final = 50
SEARCH_CANDIDATES_MAX: Final = 200
SEARCHES_PER_MINUTE_MAX: Final = 120
HISTORY_ROWS_MAX: Final = 200
SEARCH_EVENTS_MAX: Final = 32

# The list of tickets.
LIST_ROWS: Final = 30
LIST_SCAN_MAX: Final = 5_000
LIST_COMPANY_SCAN_MAX: Final = 500
LIST_COUNT_MAX: Final = 10_000
LIST_SESSIONS_MAX: Final = 500
BULK_TICKETS_MAX: Final = 10_000
BULK_PAGES_MAX: Final = 400
HAND_OUT_MAX: Final = 1_000
COMPANY_QUOTAS_SHOWN_MAX: Final = 500
VIEW_NAME_CHARS_MAX: Final = 60
VIEWS_OWN_MAX: Final = 50
VIEWS_SHOWN_MAX: Final = 100

# People across tickets.
CONSENT_CHARS_MAX: Final = 4_000
PERSON_TICKETS_MAX: Final = 500

# Ticket pages: wrong addresses asked for from one address.
PAGE_MISSES_MAX: Final = 30
PAGE_WINDOW_S: Final = 600

# Orders.
ORDER_HOLD_MS: Final = 30 * 60 * 1000
ORDERS_FROM_ONE_MAX: Final = 20
ORDERS_WINDOW_S: Final = 600
ORDERS_SHOWN_MAX: Final = 100

# The flow at the gates.
FLOW_MINUTES_MAX: Final = 240
FLOW_AGE_MS_MAX: Final = 1_000
GATE_SILENT_MS: Final = 30_000

# Set-up.
SESSIONS_AT_ONCE_MAX: Final = 2_000
FLOOR_PLAN_BYTES_MAX: Final = 10 * 1024 * 1024
FLOOR_PLAN_PIXELS_MAX: Final = 40_000_000
FLOOR_PLAN_SIDE_PIXELS_MAX: Final = 2_400

# Today and reports.
TODAY_MINUTES_MIN: Final = 120
FIGURES_LATE_MS: Final = 30_000
DISK_WARN_BYTES: Final = 1024 * 1024 * 1024
CERTIFICATE_WARN_DAYS: Final = 14
REPORT_DAYS_MAX: Final = 92
REPORT_ROWS_MAX: Final = 100

# Door lists.
DOOR_LIST_ROWS_MAX: Final = 2_000

# Jobs.
JOB_KEY_CHARS_MAX: Final = 200
JOB_LEASE_S: Final = 60
JOB_ATTEMPTS_MAX: Final = 8
JOB_PAUSE_S_MAX: Final = 600
JOB_KEEP_DAYS: Final = 30

# Exports.
EXPORT_ROWS_MAX: Final = 1_000_000
EXPORT_WORKBOOK_ROWS_MAX: Final = 200_000

# Lists.
IMPORT_ROWS_MAX: Final = 1_000_000
IMPORT_FILE_BYTES_MAX: Final = 1024 * 1024 * 1024
IMPORT_COLUMNS_MAX: Final = 64
IMPORT_BATCH_ROWS: Final = 200
IMPORT_UPLOAD_BYTES_MAX: Final = 256 * 1024 * 1024
IMPORT_PREVIEW_ROWS: Final = 8
IMPORT_REJECTS_MAX: Final = 10_000
IMPORT_PAGE_ROWS: Final = 25
IMPORT_KEEP_DAYS: Final = 14
NAME_CHARS_MAX: Final = 200
FIELD_CHARS_MAX: Final = 500
REFERENCE_CHARS_MAX: Final = 100

# Paper.
PAPER_TICKETS_MAX: Final = 20_000
PAPER_DIRECT_TICKETS_MAX: Final = 50
PAPER_FILE_TICKETS: Final = 1_000
PAPER_TICKED_MAX: Final = 500
PAPER_DRAW_S: Final = 120
PAPER_KEEP_H: Final = 24
PAPER_MISSING_SHOWN: Final = 50
