"""The generic venue: any JSON venue, read without a line of code."""
