"""The description of an ICC colour profile (ICC.1:2022, sections 7.2, 9.2.41, 10.15; ICC.1:2001-04, 6.5.17). Pure."""

from __future__ import annotations

LONGEST = 200
_MOST_TAGS = 200


def description(profile: bytes) -> str:
    """Read the profile's name, in its first language; empty where there is none that can be read."""
    for number in range(min(int.from_bytes(profile[128:132], "big"), _MOST_TAGS)):
        entry = profile[132 + 12 * number : 144 + 12 * number]
        if entry[:4] == b"desc":
            at, size = int.from_bytes(entry[4:8], "big"), int.from_bytes(entry[8:12], "big")
            return _text(profile[at : at + size])
    return ""


def _text(tag: bytes) -> str:
    if tag[:4] == b"desc":
        length = int.from_bytes(tag[8:12], "big")
        return tag[12 : 12 + min(length, LONGEST)].split(b"\0")[0].decode("latin-1").strip()
    if tag[:4] == b"mluc" and int.from_bytes(tag[8:12], "big"):
        length, at = int.from_bytes(tag[20:24], "big"), int.from_bytes(tag[24:28], "big")
        return tag[at : at + min(length, LONGEST * 2)].decode("utf-16-be", "replace").strip(" \0")
    return ""
