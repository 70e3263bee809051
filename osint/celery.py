"""The Celery application; its settings are the CELERY_ ones in osint/settings.py."""

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, setup_logging, worker_process_init, worker_process_shutdown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "osint.settings")

NICE = 10
"""How far tasks stand back; their sandboxes do further. See nice(2)."""

app = Celery("waterline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_as_django_does(**_: Any) -> None:
    """Use Django's logging: Celery replaces it only while nobody listens to this signal."""
    import logging.config

    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@celeryd_init.connect
def wait_for_tasks(conf: Any, **_: Any) -> None:
    """Let a worker wait longer for the broker's answer than a request does: its reads block for a second."""
    conf.broker_transport_options = {**conf.broker_transport_options, "socket_timeout": 10}


@celeryd_init.connect
def stand_back(**_: Any) -> None:
    """Let the web server, for which somebody waits, go before a long queue."""
    os.nice(NICE)


@worker_process_init.connect
def die_with_worker(**_: Any) -> None:
    """End a pool process with the worker that forked it, however that one ended."""
    from osint.supervisor import die_with_parent

    die_with_parent()


@worker_process_shutdown.connect
def end_forkserver(**_: Any) -> None:
    """Wait for the end of the sandboxes' fork-server: a pool process that ends runs nothing at its exit."""
    from enrichment import forks

    forks.stop()
