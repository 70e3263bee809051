"""One strict JSON reader, ahead of everything that takes JSON from outside.

What databases, languages and people read differently is refused: duplicate keys, NaN, numbers that a double can not
hold, lone surrogates, NUL, a byte-order mark, deep nesting. Pure.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from ledger.errors import Invalid

DEPTH = 32
LARGEST_INTEGER = 2**53 - 1
LARGEST_NUMBER = 1e308

# Brackets outside of strings; a string is skipped whole, so that none inside it counts.
_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_strict(data: bytes) -> dict[str, Any]:
    """Read one JSON object.

    :raises Invalid: it is not JSON (RFC 8259) in UTF-8, not an object, or uses what is refused here.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        raise Invalid("The JSON begins with a byte-order mark.")
    _refuse_depth(data)
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise Invalid("The JSON is not in UTF-8.") from error
    except json.JSONDecodeError as error:
        raise Invalid(f"Not JSON: {error.msg}, at line {error.lineno}, column {error.colno}.") from error
    if not isinstance(value, dict):
        raise Invalid("A JSON object is needed.")
    _refuse_texts(value)
    return value


def _refuse_depth(data: bytes) -> None:
    depth = 0
    for match in _STRUCTURE.finditer(data):
        token = match[0][:1]
        if token in b"[{":
            depth += 1
            if depth > DEPTH:
                raise Invalid(f"The JSON is nested more than {DEPTH} deep.")
        elif token in b"]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        # In one pass: to count each of 200,000 keys for itself took minutes.
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise Invalid("A key stands twice in one object.", errors={_shown(twice): ["This key stands twice."]})
    return value


def _integer(text: str) -> int:
    # The length first: turning a million digits into a number takes minutes.
    if len(text) > 17 or abs(int(text)) > LARGEST_INTEGER:
        raise Invalid(f"A whole number is beyond ±{LARGEST_INTEGER}: send it as a string.")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if abs(value) > LARGEST_NUMBER:
        raise Invalid("A number is beyond ±1e308.")
    return value


def _constant(text: str) -> Any:
    raise Invalid(f"{text} is no JSON number.")


def _refuse_texts(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise Invalid("A text holds a NUL character (\\u0000).")
        if _SURROGATE.search(value):
            raise Invalid("A text holds half of a surrogate pair: it is no Unicode text.")
    elif isinstance(value, dict):
        for key, each in value.items():
            _refuse_texts(key)
            _refuse_texts(each)
    elif isinstance(value, list):
        for each in value:
            _refuse_texts(each)


def _shown(name: str) -> str:
    return name[:60].encode("utf-8", "replace").decode()
