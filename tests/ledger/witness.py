"""A witness of the tests' own (C2SP tlog-witness): it keeps what it saw, and cosigns only what goes on from that."""

from __future__ import annotations

import time
from base64 import b64decode
from http.server import BaseHTTPRequestHandler

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import merkle
from ledger.signed_note import Signature, VerifierKey, WitnessKey, read_checkpoint, read_note
from tests.ledger.authority import answer


class Seen(Exception):
    """The answer to a request: its status and body."""

    def __init__(self, status: int, body: str = "", type_: str = "text/plain") -> None:
        self.status, self.body, self.type = status, body, type_


class Witness:
    """A key, the logs it knows by their keys, and the last head it saw of each."""

    def __init__(self, name: str, *logs: VerifierKey) -> None:
        self.secret = Ed25519PrivateKey.generate()
        self.key = WitnessKey(name, self.secret.public_key().public_bytes_raw())
        self.logs = {log.name: log for log in logs}
        self.heads: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []

    def serve(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        assert handler.path == "/add-checkpoint"
        try:
            self.add(body.decode())
        except Seen as seen:
            answer(handler, seen.body.encode(), seen.type, seen.status)

    def add(self, body: str) -> None:
        """Judge a request as the protocol says; always raises the answer."""
        self.asked.append(body)
        lines, _, text = body.partition("\n\n")
        first, *proof = lines.split("\n")
        word, _, number = first.partition(" ")
        if word != "old" or not number.isdigit():
            raise Seen(400)
        note, old = read_note(text), int(number)
        head = read_checkpoint(note)
        if head.origin not in self.logs:
            raise Seen(404)
        if not self.logs[head.origin].verified(note):
            raise Seen(403)
        if old > head.size:
            raise Seen(400)
        size, root = self.heads.get(head.origin, (0, merkle.EMPTY))
        if old != size:
            raise Seen(409, f"{size}\n", "text/x.tlog.size")
        if old == head.size and root != head.root:
            raise Seen(409)
        hashes = [b64decode(each, validate=True) for each in proof]
        if not merkle.verify_consistency(
            first=old, second=head.size, first_root=root, second_root=head.root, proof=hashes
        ):
            raise Seen(422)
        self.heads[head.origin] = (head.size, head.root)
        raise Seen(200, self.line(note.text))

    def line(self, text: str, *, at: float | None = None) -> str:
        """Cosign a note's text."""
        seconds = int(time.time() if at is None else at)
        signature = self.secret.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
        return Signature(self.key.name, self.key.hash, seconds.to_bytes(8) + signature).line()
