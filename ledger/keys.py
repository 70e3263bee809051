"""The log's key: the secret half from the environment or a file in the data folder, never in the database.

Only the signer needs it; whoever only checks reads the public half, which has a file (and a variable) of its own.
The secret half is one line, `PRIVATE+KEY+<origin>+<key hash>+<base64>`, as the tools of the C2SP note format write it.
"""

from __future__ import annotations

import os
import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from pathlib import Path

from django.conf import settings

from ledger.errors import Conflict, Invalid, Unavailable
from ledger.signed_note import ED25519, SigningKey, VerifierKey, read_key

PREFIX = "PRIVATE+KEY+"
SECRET, PUBLIC, NEXT, NEXT_PUBLIC = "signing.key", "verifier.key", "next.key", "next-verifier.key"
_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~/-]{0,199}")


class NoKey(Unavailable):
    """Nothing can be signed: there is no key."""

    code = "no-signing-key"
    title = "There is no signing key"


def load() -> SigningKey:
    """Read the key in use.

    :raises NoKey: there is none.
    :raises Invalid: it can not be read.
    """
    text = settings.SIGNING_KEY or _kept(SECRET)
    if not text:
        raise NoKey("There is no signing key: manage.py keys init makes one.")
    return parse(text)


def exists() -> bool:
    """Say whether there is a key, or at least its public half."""
    kept = any((_folder() / name).exists() for name in (SECRET, PUBLIC))
    return bool(settings.SIGNING_KEY or settings.VERIFIER_KEY) or kept


def verifier() -> VerifierKey:
    """Read the public half of the key.

    :raises NoKey: there is none.
    :raises Invalid: it can not be read.
    """
    text = settings.VERIFIER_KEY or _kept(PUBLIC)
    return read_key(text) if text else load().verifier


def given() -> bool:
    """Say whether the secret half comes from the environment, where nothing here can exchange it."""
    return bool(settings.SIGNING_KEY)


def pending() -> SigningKey | None:
    """Read the key that lies beside the one in use, while a rotation is on its way."""
    text = _kept(NEXT)
    return parse(text) if text else None


def prepare(origin: str, *, keep_secret: bool) -> SigningKey:
    """Make the key that is to follow the one in use; kept beside it, or only handed out.

    :raises Invalid: the origin is none.
    """
    key = _drawn(origin)
    if keep_secret:
        _keep(NEXT, text_of(key))
    else:
        _keep(NEXT_PUBLIC, str(key.verifier))
    return key


def was_prepared(key: VerifierKey) -> bool:
    """Say whether a key that is handed out was made here to follow another, whatever the database says of it."""
    return str(key) in {_kept(NEXT_PUBLIC), _kept(PUBLIC)}


def exchange(new: VerifierKey) -> None:
    """Put the key that was prepared in the place of the one before, whose secret half is gone with that.

    The file of the next key is the last to change: as long as it is there, this was not ended.
    """
    _keep(PUBLIC, str(new))
    kept = pending()
    if kept and kept.verifier == new:
        (_folder() / NEXT).rename(_folder() / SECRET)
    elif not given():
        (_folder() / SECRET).unlink(missing_ok=True)
    (_folder() / NEXT_PUBLIC).unlink(missing_ok=True)
    _sync()


def make(origin: str = "", *, keep_secret: bool = True) -> SigningKey:
    """Make a key, and keep it in the data folder, readable by its owner alone.

    :param keep_secret: else only the public half is kept, and the caller sees to the other one.
    :param origin: the name of the log, which stands in every checkpoint; unique in the world, and best a host
        name with a path. Unless given it is one that nobody else will draw.
    :raises Conflict: there is a key already.
    """
    if exists():
        raise Conflict("There is a signing key already: manage.py keys show shows its public half.")
    key = _drawn(origin or f"waterline.invalid/{secrets.token_hex(8)}")
    if keep_secret:
        _keep(SECRET, text_of(key))
    _keep(PUBLIC, str(key.verifier))
    return key


def _drawn(origin: str) -> SigningKey:
    if not _ORIGIN.fullmatch(origin):
        raise Invalid("An origin is a host name and a path: letters, digits and . _ ~ - / only.")
    return SigningKey(origin, secrets.token_bytes(32))


def _keep(name: str, text: str) -> None:
    """Write a file, durably, in place of the one before."""
    path = _folder() / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    _sync()


def _sync() -> None:
    """Make what was renamed durable."""
    descriptor = os.open(_folder(), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def parse(text: str) -> SigningKey:
    """Read a key from its line.

    :raises Invalid: it is none, or was cut; the message does not repeat it.
    """
    origin, _, rest = text.strip().removeprefix(PREFIX).partition("+")
    key_hash, _, encoded = rest.partition("+")
    try:
        data = b64decode(encoded, validate=True)
    except (NotBase64, ValueError):
        data = b""
    if not text.strip().startswith(PREFIX) or len(data) != 33 or data[:1] != ED25519:
        raise Invalid("The signing key can not be read: it begins with PRIVATE+KEY+.")
    key = SigningKey(origin, data[1:])
    if key.verifier.hash.hex() != key_hash:
        raise Invalid("The hash in the signing key is not its own: was it cut?")
    return key


def text_of(key: SigningKey) -> str:
    """Write a key as its line. It is a secret."""
    return f"{PREFIX}{key.name}+{key.verifier.hash.hex()}+{b64encode(ED25519 + key.secret).decode()}"


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "keys"


def _kept(name: str) -> str:
    path = _folder() / name
    return path.read_text(encoding="ascii").strip() if path.exists() else ""
