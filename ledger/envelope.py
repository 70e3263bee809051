"""The bytes that are hashed: an envelope for each event, a disclosure for each field of its payload.

A disclosure is the exact text `["<salt>","<field>",<value>]`, in the manner of SD-JWT (RFC 9901, section 4.2);
its SHA-256 stands in the envelope's `fields`, sorted, so that the order tells nothing. One field can therefore be
withheld, or erased for good, and the chain of envelopes still verifies. The salt (128 random bits) keeps a withheld
value from being guessed.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from ledger.codec import to_json

VERSION = 1
SALT = 16
"""Bytes of a salt."""

GENESIS = "0" * 64
"""The `prev` of a chain's first event."""


@dataclass(frozen=True)
class Envelope:
    """An event's identity: everything about it but what its payload says."""

    id: UUID
    stream: UUID
    seq: int
    item: UUID | None
    type: str
    at: datetime
    actor: str
    cause: UUID | None
    prev: str
    fields: tuple[str, ...]

    def text(self) -> str:
        """Write the envelope: these very bytes (UTF-8) are stored and hashed, and never written again."""
        # By hand, because every append passes here: only two of the values may need an escape.
        item, cause = (f'"{each}"' if each else "null" for each in (self.item, self.cause))
        fields = ",".join([f'"{each}"' for each in self.fields])
        return (
            f'{{"v":{VERSION},"id":"{self.id}","stream":"{self.stream}","seq":{self.seq},"item":{item},'
            f'"type":{to_json(self.type)},"at":"{instant(self.at)}","actor":{to_json(self.actor)},"cause":{cause},'
            f'"prev":"{self.prev}","fields":[{fields}]}}'
        )


def instant(at: datetime) -> str:
    """Write an instant in UTC with microseconds and a Z."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def chain_hash(envelope: str) -> str:
    """Hash an envelope: lowercase hex SHA-256 of its UTF-8 bytes."""
    return sha256(envelope.encode()).hexdigest()


def disclose(values: dict[str, Any]) -> list[str]:
    """Write one salted disclosure for each payload field."""
    salts = secrets.token_bytes(SALT * len(values))
    return [
        # A salt needs no escape, and neither does a field's name. So a text alone is encoded, which is much faster.
        f'["{_b64(salts[n * SALT : (n + 1) * SALT])}","{name}",{to_json(value)}]'
        for n, (name, value) in enumerate(values.items())
    ]


def digest(disclosure: str) -> str:
    """Hash a disclosure: base64url SHA-256 of its UTF-8 bytes, without padding."""
    return _b64(sha256(disclosure.encode()).digest())


def digests(disclosures: Iterable[str]) -> tuple[str, ...]:
    """List the digests of disclosures in the order an envelope holds them."""
    return tuple(sorted(map(digest, disclosures)))


def reveal(disclosures: Iterable[str]) -> dict[str, Any]:
    """Read the payload fields out of their disclosures."""
    return {name: value for _, name, value in map(json.loads, disclosures)}


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
