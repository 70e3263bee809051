"""A statement as clients send it, and as its command appends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evidence.domain import EvidenceSubmitted

SENTENCE = "A dozen tankers docked 43 times at oil terminals in the far east since March, an analyst told the paper."


def body(n: int) -> dict[str, Any]:
    """Write the JSON body of the n-th statement."""
    return {
        "kind": "statement",
        "title": f"A researcher on the dockings, part {n}",
        "text": f"{n}. " + " ".join([SENTENCE] * 4),
        "language": "en",
        "when": "2024-11",
        "speaker": {"name": "A researcher", "role": "analyst"},
        "attribution": [{"name": "A centre", "role": "said"}, {"name": "A newspaper", "role": "published"}],
        "source": {"name": "A newspaper", "kind": "newspaper", "url": f"https://example.org/{n}"},
        "collection": {"by": "A volunteer", "at": "2024-11-23", "method": "read on paper"},
        "tags": ["claim"],
        "external_id": f"row-{n}",
    }


def submission(n: int) -> EvidenceSubmitted:
    """Make the n-th statement's event data."""
    from cases.domain import Sensitivity
    from evidence.serializers import SubmitSerializer

    return SubmitSerializer.submission(body(n), sensitivity=Sensitivity.AMBER)
