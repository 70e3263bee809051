"""Investigations: lifecycle, team, tasks and comments."""
