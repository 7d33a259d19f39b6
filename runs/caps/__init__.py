"""Caps and usage as forms, JSON and HTTP; the rules stand in the ledger."""
