"""The web server's entry: `uvicorn osint.asgi:application`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "osint.settings")
django.setup(set_prefix=False)

from osint.handler import Handler  # noqa: E402 -- it imports models

application = Handler()
