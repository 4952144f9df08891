"""Leases and the exchange of journal pages between nodes; may import ledger and core."""
