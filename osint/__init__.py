"""The project: settings, API glue and `up`, which starts all parts."""

from osint.celery import app as celery_app

__all__ = ["celery_app"]
