"""How values are written on pages: instants in UTC, names so that nothing hides in them, labels of one look."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evidence.names import shown
from workspace.facts import text_of

register = template.Library()

# Characters that turn the direction of what follows, or take no room: a name that holds them is not what it seems.
_TURNING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x2060, 0xFEFF}


@register.filter
def utc(instant: datetime | None, precision: str = "seconds") -> SafeString | str:
    """Write an instant in UTC, to seconds, or to "microseconds" or "minutes" where that is asked for."""
    if instant is None:
        return "–"
    there = instant.astimezone(UTC).replace(tzinfo=None)
    said = there.isoformat(sep=" ", timespec=precision)
    exact = there.isoformat(timespec="microseconds")
    return format_html('<time datetime="{}Z">{} UTC</time>', exact, said)


@register.filter
def file_name(name: str) -> str:
    """Write a file's name so that nothing hides in it."""
    return shown(name)


@register.filter
def visible(text: Any) -> str:
    """Write a text with its control and direction characters as ‹U+202E›; line feeds and tabs stay."""
    return "".join(f"‹U+{ord(letter):04X}›" if _hides(letter) else letter for letter in str(text))


def _hides(letter: str) -> bool:
    if letter in "\n\t":
        return False
    return ord(letter) in _TURNING or unicodedata.category(letter) in {"Cc", "Cs", "Co"}


@register.filter
def words(value: Any) -> str:
    """Write a code as words: on_hold is on hold."""
    return str(value).replace("_", " ")


@register.filter
def turn(way: str) -> str:
    """Write how a picture is turned: mirrored_rotated_90 is mirrored, rotated 90° clockwise."""
    mirrored, _, degrees = way.partition("rotated_")
    return ", ".join([*(["mirrored"] if mirrored else []), *([f"rotated {degrees}° clockwise"] if degrees else [])])


@register.filter
def plain(value: Any) -> str:
    """Write a scalar for people."""
    return text_of(value)


@register.filter
def percent(share: float) -> str:
    """Write a share of one as a whole percentage."""
    return f"{share:.0%}"


@register.filter
def size(count: int) -> str:
    """Write a number of bytes."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return ""


@register.filter
def short(digest: str) -> str:
    """Write the beginning of a hash."""
    return digest[:12]


@register.filter
def item(values: Any, key: Any) -> Any:
    """Look a key up."""
    return values.get(key) if values else None


@register.inclusion_tag("workspace/tlp.html")
def tlp(sensitivity: str) -> dict[str, str]:
    """Write a Traffic Light Protocol label in the colours of the standard (FIRST, TLP 2.0)."""
    return {"label": sensitivity.upper(), "colour": sensitivity.partition("+")[0]}
