"""Reconciliation: what we worked out against what providers report, and catalogue prices against others' word.

Bills are compared call by call where both figures are known, and summed by month, connection, provider and model.
Prices are compared once a day, per model and per direction, with a list that others keep and with what was billed.
"""
