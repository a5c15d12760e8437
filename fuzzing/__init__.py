"""Hostile input for all that reads what strangers wrote: ``python -m fuzzing --help``."""
