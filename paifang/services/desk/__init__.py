"""The verbs of the back office; may import sync, drivers, store, ledger and core."""
