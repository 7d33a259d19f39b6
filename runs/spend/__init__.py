"""What was spent, read for the dashboards: sums by day and facet, and the ledger's lines behind them.

Sums come from the totals that are written with each line, so that a year of a million lines is read as a few
thousand rows; they equal the sums of the lines exactly. Simulated calls are never mixed with real ones.
"""
