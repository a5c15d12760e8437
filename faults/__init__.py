"""Faults: what may go wrong on the line, and at which moment."""
