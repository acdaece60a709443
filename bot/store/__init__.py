"""The ledger, the audit and the embedded PostgreSQL."""
