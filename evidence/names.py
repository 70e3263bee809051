"""File names as evidence: kept exactly, never a path.

They are shown so that nothing hides in them, and sent so that nothing breaks.
"""

from __future__ import annotations

import re
from unicodedata import category, normalize
from urllib.parse import quote

SHOWN = 120
"""Characters of a name on a page."""

SENT = 200
"""Bytes (UTF-8) of a name in a header: file systems take 255, and browsers add a number."""

OPENING, CLOSING = "\u2039", "\u203a"
"""Around the number of a character that is named instead of drawn: single angle quotation marks."""

NUL_SIGN = "\u2400"
"""What a NUL byte in a name is written as: no database of ours keeps one in every column."""

# Of visible categories, and they draw nothing (Unicode 15, Default_Ignorable_Code_Point; and braille blank).
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
# Separators of paths and drives, and what Windows refuses.
_FORBIDDEN = frozenset('<>:"/\\|?*')
# Devices, whatever follows the first dot (Microsoft, "Naming Files, Paths, and Namespaces").
_DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|CLOCK\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3])\s*(?:\.|$)",
    re.IGNORECASE,
)


def shown(name: str, *, limit: int = SHOWN) -> str:
    """Show a name; what is invisible or turns the direction of writing is named: U+202E, in angle quotes.

    :param limit: characters of the answer; of a longer one the middle is left out, the extension stays.
    """
    pieces = [_visible(character) for character in name]
    for end in {0, len(name) - 1} if name else ():
        if name[end] == " ":
            pieces[end] = _named(" ")
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    head = _fill(pieces, limit * 2 // 3)
    tail = _fill(pieces[::-1], limit - limit * 2 // 3 - 1)
    return "".join([*head, "…", *reversed(tail)])


def content_disposition(name: str) -> str:
    """Write the header that makes a browser save a file under this name (RFC 6266, RFC 8187)."""
    safe = _saved(name)
    plain = "".join(character if character.isascii() else "_" for character in safe)
    header = f'attachment; filename="{plain}"'
    # Some browsers decode a percent sign in the plain form, so such a name gets the exact form too.
    if plain == safe and "%" not in safe:
        return header
    return f"{header}; filename*=UTF-8''{quote(safe, safe='')}"


def _hides(character: str) -> bool:
    drawn = character == " " or category(character)[0] not in "CZ"
    return not drawn or bool(_BLANK.match(character))


def _named(character: str) -> str:
    return f"{OPENING}U+{ord(character):04X}{CLOSING}"


def _visible(character: str) -> str:
    # The quotes too: a name that contains them must not look like one that was shown so.
    return _named(character) if _hides(character) or character in {OPENING, CLOSING} else character


def _fill(pieces: list[str], room: int) -> list[str]:
    taken = []
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            break
        taken.append(piece)
    return taken


def _saved(name: str) -> str:
    """A name that every file system takes and that means nothing to any."""
    composed = normalize("NFC", name)
    safe = "".join("_" if _hides(each) or each in _FORBIDDEN else each for each in composed)
    # Dots and spaces at the ends: some hide a file, others Windows drops.
    stem, dot, extension = safe.strip(" .").rpartition(".")
    if not stem or len(extension.encode()) > 20:
        stem, dot, extension = stem + dot + extension, "", ""
    room = SENT - len((dot + extension).encode())
    stem = stem.encode()[:room].decode(errors="ignore")
    saved = (stem + dot + extension).strip(" .")
    if not saved.strip("_"):
        return "original"
    return f"_{saved}" if _DEVICE.match(saved) else saved
