"""What speed is promised, measured: ``python -m benchmarks.NAME`` in the project's folder."""
