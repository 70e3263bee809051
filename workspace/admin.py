"""What Django's own admin pages show here: accounts, of whom nobody is deleted, only made inactive; sandboxes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from cases.accounts import record_account_change
from cases.domain import AccountChange
from enrichment.models import Machine
from workspace.answers import actor


@admin.register(get_user_model())
class AccountAdmin(UserAdmin):
    """Accounts, for superusers. What a person may do in a case is decided by the case, not here.

    Who sets a password can sign in with it. So that nobody does in secret, each case of that person says who did.
    """

    list_display = [
        "username",
        "first_name",
        "last_name",
        "is_active",
        "is_staff",
        "is_superuser",
        "last_login",
    ]
    list_filter = ["is_active", "is_superuser"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        (
            "Access",
            {
                "fields": ["is_active", "is_staff", "is_superuser"],
                "description": "Staff may sign in here. A superuser manages accounts, and opens no case by that.",
            },
        ),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]
    filter_horizontal = []

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Let a new account in at once: what it may see is decided by the teams it is added to."""
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)
        changes = []
        if change and "email" in form.changed_data:
            changes.append(AccountChange.EMAIL)
        if change and "is_active" in form.changed_data:
            changes.append(AccountChange.ACTIVATED if obj.is_active else AccountChange.DEACTIVATED)
        if changes:
            record_account_change(user=obj.pk, changes=changes, by=actor(request))

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set a person's password, or take it away, in the sight of their teams."""
        known = self.get_object(request, unquote(id))
        before = known.password if known else ""
        response = super().user_change_password(request, id, form_url)
        # Another object than the form's: what counts is what was saved.
        if known and not get_user_model().objects.filter(pk=known.pk, password=before).exists():
            record_account_change(user=known.pk, changes=[AccountChange.PASSWORD], by=actor(request))
        return response

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: events name people by id, and a deleted one would leave them nameless."""
        return False


@admin.register(Machine)
class MachineAdmin(admin.ModelAdmin):  # type: ignore[type-arg] -- Django has no generic one at run time
    """What keeps sandboxes shut on each machine where workers run, as they said themselves; for superusers to read."""

    list_display = ["name", "network", "files", "seen_at"]
    list_display_links = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: workers say how it is."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
