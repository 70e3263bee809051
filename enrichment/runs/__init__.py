"""Runs: reading the evidence of a case again, as a job with progress."""
