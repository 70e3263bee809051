"""Images over HTTP, against hashing and writing the same bytes with fsync; and how flat memory stays meanwhile."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from benchmarks.figures import Figure, in_turns
from benchmarks.place import Place
from benchmarks.web import Client, broker, serving, sign_up

DATABASES = ("sqlite",)
MIB = 1 << 20
GROWTH_MIB = 64
BOUNDARY = "waterline-benchmark"


@dataclass(frozen=True)
class Size:
    """Bytes of an image, images in a round, and bytes of the one large file."""

    image: int
    images: int
    rounds: int
    large: int


FULL = Size(image=20_000_000, images=4, rounds=9, large=2_000_000_000)
QUICK = Size(image=20_000_000, images=2, rounds=3, large=200_000_000)
TINY = Size(image=1_000_000, images=1, rounds=1, large=4_000_000)


def run(place: Place, size: Size) -> list[Figure]:
    """Measure megabytes a second, and the growth of the web process."""
    with ExitStack() as stack:
        stack.enter_context(broker(place))
        server = stack.enter_context(serving(place))
        client = Client(server.port, {"Authorization": f"Bearer {sign_up()}"})
        path = f"/api/v1/cases/{client.post_json('/api/v1/cases/', {'title': 'Tankers'})['id']}/evidence/"
        numbers = count()
        rates = in_turns(
            partial(_upload, client, path, size, numbers),
            partial(_write, place.data / "control", size, numbers),
            rounds=size.rounds,
        )
        with peak_growth(server.pid) as growth:
            client.reconnect()
            client.send("POST", path, *_large(size.large))
    megabytes = size.image // 1_000_000
    return [
        Figure(what=f"intake of {megabytes} MB images", ours=rates[0], control=rates[1], unit="MB/s", least=0.7),
        Figure(
            what=f"growth of the web process for a file of {size.large // 1_000_000:,} MB, against what is allowed",
            ours=growth[0] / MIB,
            control=GROWTH_MIB,
            unit="MiB",
            most=1,
        ),
    ]


def _images(size: Size, numbers: count[int]) -> list[bytes]:
    """Make different bytes for each image: the store has each only once."""
    noise = Random(1).randbytes(size.image)
    return [next(numbers).to_bytes(8) + noise[8:] for _ in range(size.images)]


def _upload(client: Client, path: str, size: Size, numbers: count[int]) -> float:
    bodies = [_multipart(image) for image in _images(size, numbers)]
    client.reconnect()
    begin = perf_counter()
    for body, headers in bodies:
        client.send("POST", path, body, headers)
    return size.images * size.image / 1e6 / (perf_counter() - begin)


def _write(folder: Path, size: Size, numbers: count[int]) -> float:
    """Do with each image what keeps it for ever: hash it, write it, fsync the file, its name, and the folder."""
    folder.mkdir(exist_ok=True)
    images = _images(size, numbers)
    begin = perf_counter()
    for image in images:
        name = folder / sha256(image).hexdigest()
        with name.with_suffix(".part").open("wb") as file:
            file.write(image)
            file.flush()
            os.fsync(file.fileno())
        name.with_suffix(".part").rename(name)
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    return size.images * size.image / 1e6 / (perf_counter() - begin)


def _multipart(image: bytes) -> tuple[bytes, dict[str, str]]:
    head, tail = _around(sha256(image).hexdigest())
    return head + image + tail, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def _large(size: int) -> tuple[Iterator[bytes], dict[str, str]]:
    """Write a multipart body piece by piece."""
    piece = Random(2).randbytes(MIB)
    head, tail = _around("")

    def body() -> Iterator[bytes]:
        yield head
        for first in range(0, size, MIB):
            yield piece[: min(MIB, size - first)]
        yield tail

    length = str(len(head) + size + len(tail))
    return body(), {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Content-Length": length}


def _around(digest: str) -> tuple[bytes, bytes]:
    metadata: dict[str, Any] = {"kind": "image", "title": "A scene"}
    if digest:
        metadata["sha256"] = digest
    part = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    head = f'{part}"metadata"\r\n\r\n{json.dumps(metadata)}\r\n'
    head += f'{part}"file"; filename="scene.tif"\r\nContent-Type: image/tiff\r\n\r\n'
    return head.encode(), f"\r\n--{BOUNDARY}--\r\n".encode()


@contextmanager
def peak_growth(pid: int) -> Iterator[list[int]]:
    """Watch a process's resident memory; at the end of the block the list holds by how much it grew at most."""
    import psutil

    process = psutil.Process(pid)
    before = process.memory_info().rss
    growth, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.02):
            growth[0] = max(growth[0], process.memory_info().rss - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield growth
    finally:
        stop.set()
        watcher.join()
