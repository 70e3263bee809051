"""A time stamp authority of the tests' own: certificates, and `openssl ts` behind HTTP on this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONFIGURATION = """
[tsa]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/signer.pem
certs = {folder}/chain.pem
signer_key = {folder}/signer.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""

Handle = Callable[[BaseHTTPRequestHandler, bytes], None]


class Authority:
    """A root, an authority between, and a signer whose key is for time stamps."""

    def __init__(self, folder: Path, name: str = "Example") -> None:
        folder.mkdir()
        self.folder = folder
        root_key, between_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        root = _certificate(f"{name} Root", root_key, None, root_key)
        between = _certificate(f"{name} Time Stamping CA", between_key, root, root_key)
        signer = _certificate(f"{name} TSA", key, between, between_key, stamps=True)
        self.roots = folder / "roots.pem"
        self.roots.write_bytes(root.public_bytes(Encoding.PEM))
        (folder / "signer.pem").write_bytes(signer.public_bytes(Encoding.PEM))
        (folder / "chain.pem").write_bytes(between.public_bytes(Encoding.PEM))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "signer.key").write_bytes(private)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder))

    def reply(self, query: bytes) -> bytes:
        """Answer a query as an honest authority does."""
        asked, answer = self.folder / "query.tsq", self.folder / "reply.tsr"
        asked.write_bytes(query)
        _openssl(
            "ts", "-reply", "-config", self.folder / "tsa.cnf", "-section", "tsa", "-queryfile", asked, "-out", answer
        )
        return answer.read_bytes()

    def query(self, data: bytes, *words: str) -> bytes:
        """Write a query of one's own."""
        message = self.folder / "message"
        message.write_bytes(data)
        asked = self.folder / "own.tsq"
        _openssl("ts", "-query", "-data", message, "-sha256", "-cert", *words, "-out", asked)
        return asked.read_bytes()

    def serve(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        answer(handler, self.reply(body), "application/timestamp-reply")


def answer(handler: BaseHTTPRequestHandler, body: bytes, type_: str, status: int = 200) -> None:
    """Write a whole answer."""
    handler.send_response(status)
    handler.send_header("Content-Type", type_)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def serving(handle: Handle) -> Iterator[str]:
    """Answer every POST by a function; give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            try:
                handle(self, body)
            except (BrokenPipeError, ConnectionResetError):
                # The one who asked did not wait for the end.
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    # A test ends while a request hangs.
    server.block_on_close = False
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    stamps: bool = False,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=not stamps, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    usage = {name: False for name in (
        "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
        "decipher_only",
    )}  # fmt: skip
    usage |= {"digital_signature": stamps, "key_cert_sign": not stamps, "crl_sign": not stamps}
    builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    if stamps:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
