"""Captures: one table of events, from the wire to Parquet."""
