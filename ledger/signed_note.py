"""Signed notes and checkpoints: C2SP signed-note and tlog-checkpoint, with Ed25519 (RFC 8032) signatures.

A note is a text of whole lines, an empty line, and a line `— <name> <base64>` for each signature. A verifier key reads
`<name>+<key hash>+<base64>`. A checkpoint is a note whose lines are the log's origin, its size and its root. Pure.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import Invalid

ED25519 = b"\x01"
"""The signature type of a plain Ed25519 signature over the note's text."""

COSIGNATURE = b"\x04"
"""The signature type of a witness's timestamped Ed25519 signature (C2SP tlog-cosignature, version 1)."""

LONGEST = 1_000_000
MOST_SIGNATURES = 100

_SIGNATURE = re.compile(r"— (\S+) (\S+)")
_NAME = re.compile(r"[^\s+]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Signature:
    """One signature line: who signed, the first 4 bytes of the key's hash, and what follows them."""

    name: str
    key_hash: bytes
    signature: bytes

    def line(self) -> str:
        return f"— {self.name} {b64encode(self.key_hash + self.signature).decode()}\n"


@dataclass(frozen=True)
class Note:
    """A text that ends with a line feed, and its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(each.line() for each in self.signatures)}"


@dataclass(frozen=True)
class VerifierKey:
    """What checks the signatures of one signer."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        """The first 4 bytes of SHA-256 over the name, a line feed, the type and the public key."""
        return sha256(f"{self.name}\n".encode() + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.hash.hex()}+{b64encode(ED25519 + self.public).decode()}"

    def verified(self, note: Note) -> bool:
        """Tell whether this key signed the note. A line in its name whose signature is wrong spoils the note."""
        own = [each for each in note.signatures if (each.name, each.key_hash) == (self.name, self.hash)]
        return bool(own) and all(_is_right(self.public, note.text.encode(), each.signature) for each in own)


@dataclass(frozen=True)
class WitnessKey:
    """What checks the cosignatures of one witness."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        """The first 4 bytes of SHA-256 over the name, a line feed, the type and the public key."""
        return sha256(f"{self.name}\n".encode() + COSIGNATURE + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.hash.hex()}+{b64encode(COSIGNATURE + self.public).decode()}"

    def time_of(self, text: str, signature: Signature) -> int | None:
        """Read when this witness cosigned a note's text, in seconds of Unix time; None where it did not."""
        if (signature.name, signature.key_hash) != (self.name, self.hash) or len(signature.signature) != 72:
            return None
        time = int.from_bytes(signature.signature[:8])
        message = f"cosignature/v1\ntime {time}\n{text}".encode()
        return time if time < 2**63 and _is_right(self.public, message, signature.signature[8:]) else None


@dataclass(frozen=True)
class SigningKey:
    """What makes them; `secret` is the 32-byte seed of RFC 8032 and is never shown."""

    name: str
    secret: bytes

    @property
    def verifier(self) -> VerifierKey:
        public = Ed25519PrivateKey.from_private_bytes(self.secret).public_key()
        return VerifierKey(self.name, public.public_bytes_raw())

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r})"

    def sign(self, text: str) -> Note:
        """Sign a text, which must end with a line feed."""
        signature = Ed25519PrivateKey.from_private_bytes(self.secret).sign(text.encode())
        return Note(text, (Signature(self.name, self.verifier.hash, signature),))


def read_note(data: str) -> Note:
    """Read a note; nothing is verified by that.

    :raises Invalid: it is not a signed note.
    """
    text, gap, lines = data.rpartition("\n\n")
    if not gap or len(data) > LONGEST or not lines.endswith("\n") or _has_controls(data):
        raise Invalid("This is no signed note.")
    found = [_SIGNATURE.fullmatch(line) for line in lines[:-1].split("\n")]
    if len(found) > MOST_SIGNATURES:
        raise Invalid("This note has too many signatures.")
    return Note(f"{text}\n", tuple(_signature(match) for match in found))


def read_key(text: str) -> VerifierKey:
    """Read a verifier key.

    :raises Invalid: it is none, not for Ed25519, or its hash is not its own.
    """
    name, key_hash, public = _key(text, ED25519)
    key = VerifierKey(name, public)
    if key.hash.hex() != key_hash:
        raise Invalid(_CUT)
    return key


def read_witness_key(text: str) -> WitnessKey:
    """Read the verifier key of a witness.

    :raises Invalid: it is none, not for cosignatures with Ed25519, or its hash is not its own.
    """
    name, key_hash, public = _key(text, COSIGNATURE)
    key = WitnessKey(name, public)
    if key.hash.hex() != key_hash:
        raise Invalid(_CUT)
    return key


_CUT = "The hash in the verifier key is not that of its name and key: was it cut?"


def _key(text: str, kind: bytes) -> tuple[str, str, bytes]:
    name, _, rest = text.strip().partition("+")
    key_hash, _, encoded = rest.partition("+")
    data = _base64(encoded)
    if not _NAME.fullmatch(name) or len(data) != 33 or data[:1] != kind:
        what = "for Ed25519" if kind == ED25519 else "of a witness (Ed25519)"
        raise Invalid(f"This is no verifier key {what}: it reads name+hash+base64.")
    return name, key_hash, data[1:]


@dataclass(frozen=True)
class Checkpoint:
    """The signed head of a log: which log, how many entries, the root over them; and lines that others may add."""

    origin: str
    size: int
    root: bytes
    extensions: Sequence[str] = ()

    def text(self) -> str:
        """Write the note's text."""
        lines = [self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions]
        return "".join(f"{line}\n" for line in lines)


def read_checkpoint(note: Note) -> Checkpoint:
    """Read a checkpoint out of a note, signed by whomever.

    :raises Invalid: the note is no checkpoint.
    """
    origin, *rest = note.text[:-1].split("\n")
    if not origin or len(rest) < 2 or not _SIZE.fullmatch(rest[0]) or not all(rest):
        raise Invalid("The note is no checkpoint: origin, size and root are its first lines.")
    root = _base64(rest[1])
    if len(root) != 32:
        raise Invalid("The root in the checkpoint is no SHA-256.")
    return Checkpoint(origin, int(rest[0]), root, tuple(rest[2:]))


def read_signature(line: str) -> Signature:
    """Read one signature line, without its end.

    :raises Invalid: it is none.
    """
    return _signature(_SIGNATURE.fullmatch(line))


def _is_right(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _signature(match: re.Match[str] | None) -> Signature:
    data = _base64(match[2]) if match else b""
    if match is None or len(data) < 5 or not _NAME.fullmatch(match[1]):
        raise Invalid("A signature line of the note can not be read.")
    return Signature(match[1], data[:4], data[4:])


def _has_controls(text: str) -> bool:
    return any(ord(letter) < 32 and letter != "\n" for letter in text)


def _base64(text: str) -> bytes:
    """Decode the one spelling of some bytes; any other one, whose last letter holds bits that nobody reads, is none."""
    try:
        data = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        return b""
    return data if b64encode(data).decode() == text else b""
