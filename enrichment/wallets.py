"""Digests of files and addresses of wallets in a text, by their checksums. Pure.

Bitcoin and Tron: base58check (Bitcoin Wiki; TIP-541); Bitcoin: bech32 and bech32m (BIP 173, BIP 350); Ethereum: mixed
case is a checksum (EIP-55, with Keccak-256 as submitted to NIST in 2011). What fails a checksum is left out, but for
Ethereum, whose shape leaves no doubt what it was meant to be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

_DIGEST = re.compile(
    r"(?<![\w/+=-])(?:[0-9a-f]{128}|[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![\w/+=-])", re.IGNORECASE
)
_DIGESTS = {32: "MD5", 40: "SHA-1", 64: "SHA-256", 128: "SHA-512"}

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_WALLET = re.compile(
    rf"(?<!\w)(?:(?P<ethereum>0x[0-9a-fA-F]{{40}})|(?P<bech32>(?:bc1[{_BECH32}]{{8,87}}|BC1[{_BECH32.upper()}]{{8,87}}))"
    rf"|(?P<base58>[13T][{_BASE58}]{{25,34}}))(?!\w)"
)
_VERSIONS = {0x00: "bitcoin", 0x05: "bitcoin", 0x41: "tron"}


@dataclass(frozen=True, kw_only=True)
class Digest:
    """A hexadecimal number as long as a digest; what else is as long is not told apart."""

    value: str
    start: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class Wallet:
    """An address of a wallet; `valid` is None where it carries no checksum."""

    value: str
    start: int
    chain: str
    valid: bool | None


def digests(text: str) -> Iterator[Digest]:
    """Yield what is as long as an MD5, SHA-1, SHA-256 or SHA-512, in hexadecimal digits of both sorts."""
    for match in _DIGEST.finditer(text):
        value = match[0].lower()
        if not value.isdigit() and not value.isalpha():
            yield Digest(value=value, start=match.start(), kind=_DIGESTS[len(value)])


def wallets(text: str) -> Iterator[Wallet]:
    """Yield the addresses of wallets."""
    for match in _WALLET.finditer(text):
        chain, valid = _judged(match)
        if chain:
            yield Wallet(value=match[0], start=match.start(), chain=chain, valid=valid)


def _judged(match: re.Match[str]) -> tuple[str, bool | None]:
    if match["ethereum"]:
        digits = match[0][2:]
        return "ethereum", None if digits in {digits.lower(), digits.upper()} else _eip55(digits) == digits
    if match["bech32"]:
        return ("bitcoin", True) if _bech32_holds(match[0].lower()) else ("", None)
    version = _base58_version(match[0])
    return (_VERSIONS.get(version, ""), True) if version is not None else ("", None)


def _base58_version(text: str) -> int | None:
    """Give the version byte of a base58check text; None where the checksum is wrong."""
    number = 0
    for character in text:
        number = number * 58 + _BASE58.index(character)
    if number.bit_length() > 200:
        return None
    data = number.to_bytes(25, "big")
    check = sha256(sha256(data[:21]).digest()).digest()[:4]
    # Each leading zero byte is written as a 1, no more and no less.
    ones, zeros = len(text) - len(text.lstrip("1")), len(data) - len(data.lstrip(b"\0"))
    return data[0] if check == data[21:] and ones == zeros else None


def _bech32_holds(text: str) -> bool:
    human, _, data = text.rpartition("1")
    values = [_BECH32.index(character) for character in data]
    expanded = [ord(c) >> 5 for c in human] + [0] + [ord(c) & 31 for c in human] + values
    check = 1
    for value in expanded:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    version, payload = values[0], len(values) - 7
    # Version 0 is bech32 with 20 or 32 bytes, later ones are bech32m.
    lengths = {32, 52} if version == 0 else range(4, 65)
    return version <= 16 and payload in lengths and check == (1 if version == 0 else 0x2BC830A3)


def _eip55(digits: str) -> str:
    digest = keccak_256(digits.lower().encode()).hex()
    return "".join(c.upper() if int(d, 16) >= 8 else c for c, d in zip(digits.lower(), digest, strict=False))


def keccak_256(data: bytes) -> bytes:
    """Hash with Keccak-256 (Bertoni and others, The Keccak reference, version 3.0): SHA-3 with the earlier padding."""
    rate = 136
    padded = bytearray(data + b"\1" + bytes(-(len(data) + 1) % rate))
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for block in range(0, len(padded), rate):
        for lane in range(rate // 8):
            at = block + 8 * lane
            lanes[lane % 5][lane // 5] ^= int.from_bytes(padded[at : at + 8], "little")
        lanes = _permuted(lanes)
    return b"".join(lanes[lane % 5][lane // 5].to_bytes(8, "little") for lane in range(4))


def _permuted(a: list[list[int]]) -> list[list[int]]:
    register = 1
    for _ in range(24):
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        a = [[lane ^ c[(x + 4) % 5] ^ _turned(c[(x + 1) % 5], 1) for lane in a[x]] for x in range(5)]
        x, y, current = 1, 0, a[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, a[x][y] = a[x][y], _turned(current, (step + 1) * (step + 2) // 2)
        a = [[a[x][y] ^ ~a[(x + 1) % 5][y] & a[(x + 2) % 5][y] for y in range(5)] for x in range(5)]
        for bit in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) % 256
            a[0][0] ^= (register >> 1 & 1) << ((1 << bit) - 1)
    return a


def _turned(lane: int, by: int) -> int:
    by %= 64
    return (lane << by | lane >> (64 - by)) & 0xFFFFFFFFFFFFFFFF
