"""The frame parser: bytes of one direction in, messages out. Sans-I/O; it knows no socket and no clock."""
