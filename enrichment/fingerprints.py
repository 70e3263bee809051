"""What stays of a text when it is copied with small changes: hashes of some of its runs of words. Pure.

Winnowing (Schleimer, Wilkerson and Aiken, SIGMOD 2003): every run of `RUN` words is hashed, and of each `WINDOW` hashes
that follow one another the smallest is kept, the last of equal ones. So two texts that share `RUN + WINDOW - 1` words
in a row share a hash, wherever the words stand. Words are those of the search (`evidence.words`): case, quotation
marks and punctuation do not count; Han and kana are words each. Hashes are the first 8 bytes of BLAKE2b (RFC 7693).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256

from evidence.words import in_order

RUN, WINDOW = 4, 5
MOST = 400
"""How many hashes of a text are kept, the smallest: some 1,200 words have so many. Of a longer text it is a sample."""

METHOD = f"winnowing/{RUN}-{WINDOW}"
"""Only fingerprints of one method are compared."""

_DIGITS = 16


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """`whole` is the SHA-256 of the words, for exact copies; `marks` the hashes, 16 hexadecimal digits each, of `of`
    that there were."""

    method: str
    words: int
    whole: str
    of: int
    marks: str


def fingerprint(text: str) -> Fingerprint:
    """Take the fingerprint of a text; one without words has no marks."""
    words = in_order(text)
    found = set(_winnowed(list(_hashes(words))))
    kept = sorted(found)[:MOST]
    return Fingerprint(
        method=METHOD,
        words=len(words),
        whole=sha256(" ".join(words).encode()).hexdigest() if words else "",
        of=len(found),
        marks="".join(kept),
    )


def marks_of(marks: str) -> list[int]:
    """Read marks as whole numbers that fit eight bytes with a sign."""
    return [int(marks[at : at + _DIGITS], 16) - (1 << 63) for at in range(0, len(marks), _DIGITS)]


def _hashes(words: Sequence[str]) -> Iterator[str]:
    # A text of fewer words is one run.
    for at in range(max(1, len(words) - RUN + 1) if words else 0):
        yield blake2b(" ".join(words[at : at + RUN]).encode(), digest_size=_DIGITS // 2).hexdigest()


def _winnowed(hashes: Sequence[str]) -> Iterator[str]:
    smallest: deque[int] = deque()
    for at, value in enumerate(hashes):
        while smallest and hashes[smallest[-1]] >= value:
            smallest.pop()
        smallest.append(at)
        if smallest[0] <= at - WINDOW:
            smallest.popleft()
        if at >= WINDOW - 1 or at == len(hashes) - 1:
            yield hashes[smallest[0]]
