"""What a sign-off is bound to: one digest over everything that a result was computed from. Pure.

SHA-256 of lines of text, each ended by a line feed: `waterline-inputs/1`, the rule with its version, its parameters as
JSON (keys sorted, no spaces, UTF-8), one line for each item in the order of ids (id, role, the chain hashes of the
events that it is used by), one for each other finding (id, chain hash of the event of its result). The hashes are of
salted disclosures, so the digest proves no guess at what was erased.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from analysis.domain import Use

FORMAT = "waterline-inputs/1"


def inputs_digest(
    *,
    rule: str,
    version: int,
    parameters: Mapping[str, Any],
    uses: Sequence[Use],
    findings: Mapping[UUID, UUID],
    hashes: Mapping[UUID, str],
) -> str:
    """Hash the inputs of a result; `hashes` gives the chain hash (hex) of each event."""
    said = json.dumps(parameters, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    lines = [FORMAT, f"rule {rule} {version}", f"parameters {said}"]
    for use in sorted(uses, key=lambda use: str(use.item)):
        lines.append(" ".join(["item", str(use.item), use.role, *(hashes[event] for event in use.events)]))
    for finding, event in sorted(findings.items(), key=lambda pair: str(pair[0])):
        lines.append(f"finding {finding} {hashes[event]}")
    return sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
