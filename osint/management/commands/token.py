"""manage.py token: make, list and revoke the tokens of the API."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from osint import tokens
from osint.models import AccessToken, User


class Command(BaseCommand):
    help = "Make a token for the API, and print it alone on the last line: it is shown this once only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="the name of the person on whose behalf it acts")
        parser.add_argument("--scopes", help=f"comma-separated; of {', '.join(tokens.SCOPES)}")
        parser.add_argument("--days", type=int, default=90, help="until it expires (90; 0: never)")
        parser.add_argument("--name", default="", help="what it is for")
        parser.add_argument("--case", type=UUID, help="the only case it is good for")
        parser.add_argument("--list", action="store_true", help="list this person's tokens instead")
        parser.add_argument("--revoke", type=UUID, metavar="ID", help="revoke one of them instead")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no person named {options['user']!r}.")
        if options["list"]:
            self._list(user)
        elif options["revoke"]:
            self._revoke(user, options["revoke"])
        else:
            self._issue(user, options)

    def _issue(self, user: User, options: dict[str, Any]) -> None:
        if not options["scopes"]:
            raise CommandError(f"Name the scopes: --scopes {','.join(tokens.SCOPES[:4])}")
        if options["days"] < 0:
            raise CommandError("--days is 0 (never expires) or more.")
        days = options["days"]
        try:
            token, text = tokens.issue(
                user=user,
                scopes=[scope.strip() for scope in options["scopes"].split(",") if scope.strip()],
                name=options["name"],
                case_id=options["case"],
                expires_at=timezone.now() + timedelta(days=days) if days else None,
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        expiry = f"expires {token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expires_at else "never expires"
        self.stdout.write(f"Token {token.pk} of {user.username}, {expiry}. It is shown this once only:")
        self.stdout.write(text)

    def _list(self, user: User) -> None:
        for token in AccessToken.objects.filter(user=user):
            state = "revoked" if token.revoked_at else f"expires {token.expires_at or 'never'}"
            self.stdout.write(f"{token.pk}  {token.prefix}…  {','.join(token.scopes)}  {state}  {token.name}")

    def _revoke(self, user: User, token: UUID) -> None:
        if not AccessToken.objects.filter(user=user, pk=token).update(revoked_at=timezone.now()):
            raise CommandError(f"{user.username} has no token {token}.")
        self.stdout.write(f"Revoked {token}.")
