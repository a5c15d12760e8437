"""The debugger: a session in a terminal, to be walked through like code. Imported by its command alone."""
