"""Recordings of other programs, read as captures. Each module reads one format into observed events."""
