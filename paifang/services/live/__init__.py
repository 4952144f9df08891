"""The verbs of the hot path; may import sync, ledger and core, and never Django or store."""
