"""The admin site: Django's shell (sign-in, accounts), our pages inside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver

from workspace.answers import refusals_shown
from workspace.forms.door import SignIn
from workspace.urls import routes
from workspace.views import cases


class WaterlineAdmin(AdminSite):
    """Every active member of staff may enter; what they then see is decided by each case's team."""

    site_header = site_title = "Waterline"
    index_title = "Cases"
    enable_nav_sidebar = False
    login_form = SignIn

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take the pages of this package only: those that other packages bring along offer deletion."""
        if admin_class is not None and admin_class.__module__.startswith("workspace."):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Put our pages before Django's, whose last route catches everything."""
        theirs = [each for each in super().get_urls() if getattr(each, "name", "") != "view_on_site"]
        return [*routes(self.page), *theirs]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the cases of the one who is signed in."""
        return cases.index(request)

    def page(self, view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        """Make a view a page of the site: for signed-in staff, its refusals shown in words.

        The check of the CSRF token reads the form, and with it an upload, which may be refused too: so it is done
        inside of what shows refusals and not by the middleware before it.
        """
        guarded = refusals_shown(self.admin_view(view))
        guarded.csrf_exempt = True  # type: ignore[attr-defined]
        return guarded
