"""Findings: rules that compute a number from evidence, with its uncertainty."""
