"""What is asked for when a case is to leave: what of it stays behind. Pure."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from uuid import UUID

from cases.domain import Sensitivity
from evidence.domain import EvidenceSubmitted
from exchange.profile import Profile
from ledger.errors import Invalid

FIELDS = tuple(sorted(field.name for field in dataclasses.fields(EvidenceSubmitted) if field.name != "kind"))
"""The fields of an item, any of which can be withheld; of what kind it is always leaves."""

MOST_ITEMS = 10_000
MOST_PERSONS = 200
LONGEST_NAME = 500


@dataclass(frozen=True, kw_only=True)
class NewExport:
    """What is withheld: fields by name, whole items, whatever names a person, items above a TLP label."""

    fields: tuple[str, ...] = ()
    items: tuple[UUID, ...] = ()
    persons: tuple[str, ...] = ()
    above: Sensitivity | None = None

    def profile(self) -> Profile:
        """Make the profile that withholds this.

        :raises Invalid: something in it can not be meant; `errors` names it.
        """
        errors = {}
        if unknown := sorted(set(self.fields) - set(FIELDS)):
            known = ", ".join(FIELDS)
            errors["fields"] = [f"No item has a field {', '.join(unknown)} that can be withheld. There are: {known}."]
        if not all(name.strip() and len(name) <= LONGEST_NAME for name in self.persons):
            errors["persons"] = [f"A name has 1 to {LONGEST_NAME} characters."]
        if len(self.persons) > MOST_PERSONS:
            errors["persons"] = [f"At most {MOST_PERSONS} names."]
        if len(self.items) > MOST_ITEMS:
            errors["items"] = [f"At most {MOST_ITEMS} items."]
        if errors:
            raise Invalid("This can not be withheld.", errors=errors)
        return Profile(
            fields=frozenset(self.fields),
            items=frozenset(self.items),
            # Spaces around a name stand nowhere in the texts, and would keep it from being found.
            persons=tuple(dict.fromkeys(name.strip() for name in self.persons)),
            above=self.above,
        )
