"""The form at the door."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin.forms import AdminAuthenticationForm


class SignIn(AdminAuthenticationForm):
    """Django's own, in our words: which of the two was wrong is told to nobody."""

    error_messages: ClassVar[dict[str, Any]] = {
        "invalid_login": "User name and password do not fit together. Capital letters matter in both.",
        "inactive": "User name and password do not fit together. Capital letters matter in both.",
    }
