"""manage.py sample: the accounts and the investigation that come with the product."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from enrichment.publish import yielding
from osint.models import User
from osint.sample.load import find_sample, load_sample

ACCOUNTS = ("lead", "reviewer", "viewer")


class Command(BaseCommand):
    help = (
        "Make the accounts lead, reviewer and viewer where they are missing, and load the sample case where "
        "it is missing. New passwords are random, shown this once, and kept nowhere."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reset-passwords",
            action="store_true",
            help="give all three accounts new passwords, and show them",
        )
        parser.add_argument("--quiet", action="store_true", help="say nothing but new passwords")

    def handle(self, *_: Any, reset_passwords: bool, quiet: bool, **__: Any) -> None:
        # The passwords are shown only once all of it is in the database. Nobody waits for the sample's enrichment:
        # what is submitted next goes before it.
        with yielding(), transaction.atomic():
            people, passwords = _accounts(reset=reset_passwords)
            ids = {name: user.pk for name, user in people.items()}
            was_there = find_sample(owner=ids["lead"]) is not None
            case = load_sample(owner=ids["lead"], reviewer=ids["reviewer"], viewer=ids["viewer"])
        if not quiet:
            there = "is there already; nothing was changed" if was_there else "is loaded"
            self.stdout.write(f"The sample case {case} {there}.")
        if passwords:
            self.stdout.write("Log in with one of these; the passwords are shown this once, and kept nowhere:")
            for name, password in passwords.items():
                self.stdout.write(f"  {name:<10}{password}")
        if not quiet and len(passwords) < len(ACCOUNTS):
            self.stdout.write(
                "Earlier passwords are not shown again; manage.py sample --reset-passwords makes new ones."
            )


def _accounts(*, reset: bool) -> tuple[dict[str, User], dict[str, str]]:
    """Find or make the accounts; return them, and the passwords that are new.

    All three are staff, which opens the pages and no case: what each may do is their role in the case. None
    is a superuser, so a first login cannot break the glass of other people's cases.
    """
    people: dict[str, User] = {}
    passwords: dict[str, str] = {}
    for name in ACCOUNTS:
        user, new = User.objects.get_or_create(username=name, defaults={"is_staff": True})
        if new or reset:
            passwords[name] = secrets.token_urlsafe(12)
            user.set_password(passwords[name])
            user.save(update_fields=["password"])
        people[name] = user
    return people, passwords
