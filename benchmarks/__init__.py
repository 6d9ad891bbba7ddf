"""Measurements beside the real Flask-Migrate: `python -m benchmarks NAME`."""
