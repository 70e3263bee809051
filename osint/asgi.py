"""The web server's entry: `uvicorn osint.asgi:application`."""

import os

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "osint.settings")


class Handler(ASGIHandler):
    """Django's handler, with one change of threads for a request instead of two for most of the middleware.

    All our middleware and all our views are synchronous. Django would run each piece of middleware that could be
    asynchronous on the event loop, and send what it calls to a thread and back.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request from first to last in one thread."""
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)


django.setup(set_prefix=False)
application = Handler()
