"""A video: how long, how large, by which codec, when its container says it was made, and some of its frames; by the
FFmpeg (LGPL) that comes with OpenCV, in one thread.

Frames are taken at even distances, whatever they show. Sound and subtitles are not read. Times of an ISO container
(MP4, QuickTime) are UTC by ISO/IEC 14496-12, 8.2.2; some cameras write their local time, so one can be off by a zone.
"""

from __future__ import annotations

import math
import os
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from enrichment.domain import IMAGES, Enricher, EnricherInput, Flag, Made, PermanentFailure, Result

MEDIA = frozenset(
    {"video/mp4", "video/quicktime", "video/webm", "video/x-matroska", "video/avi", "video/x-msvideo", "video/3gpp"}
)
FORMATS = "mov,matroska,avi"
"""FFmpeg's names of the containers that are opened; none of them is a list of other files."""

SHOWN, SIDE, SMALL = 6, 1280, 320
"""How many frames are kept, and pixels of the longer side of each, and of the first one's small picture."""

SECONDS = 4.0
"""Of processor time for all frames: those that do not come within it are left out."""

PIXELS = 40_000_000
BOXES = 1000
"""How many boxes of a container are passed over on the way to its times."""

EPOCH = datetime(1904, 1, 1, tzinfo=UTC)
QUALITY = 82

_OPTIONS = f"threads;1|protocol_whitelist;file|format_whitelist;{FORMATS}"


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A frame that was kept as a picture of this name, and when it is shown, in seconds from the beginning."""

    name: str
    at_s: float


@dataclass(frozen=True, kw_only=True)
class Video:
    """Width and height in pixels as it is shown, upright; duration in seconds and rate in frames a second as the
    container has them, none where it has none; `codec` is its four-letter code.

    `created` and `modified` are EDTF, empty where the container has none. `unfinished` says that the video was cut, or
    the time was up, before all frames that were aimed at had come.
    """

    width: int
    height: int
    duration_s: float | None
    frame_rate: float | None
    codec: str
    created: str
    modified: str
    frames: tuple[Frame, ...]
    unfinished: bool


def watch(given: EnricherInput) -> Result:
    """Read what the container says, and keep some frames, evenly spread."""
    assert given.original is not None  # noqa: S101 -- images have an original
    import cv2

    capture = _opened(given.original)
    rate, count = (_positive(capture.get(each)) for each in (cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_COUNT))
    duration = round(count / rate, 3) if rate and count else None
    if capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT) > PIXELS:
        raise PermanentFailure(f"The video announces more than {PIXELS:,} pixels a frame.")
    code = int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
    with given.original.open("rb") as file:
        created, modified = _times(file)
    until = time.process_time() + SECONDS
    frames: list[Frame] = []
    made: list[Made] = []
    for at, picture in _spread(capture, duration, until):
        name = f"frame-{len(frames) + 1}" if frames else "preview"
        size = picture.size
        picture.thumbnail((SIDE, SIDE))
        made.append(_kept(picture, given.folder, name))
        if not frames:
            width, height = size
            picture.thumbnail((SMALL, SMALL))
            made.append(_kept(picture, given.folder, "thumb"))
        frames.append(Frame(name=name, at_s=at))
    if not frames:
        raise PermanentFailure("No frame of the video can be decoded.")
    output = Video(
        width=width,
        height=height,
        duration_s=duration,
        frame_rate=round(rate, 3) if rate else None,
        codec=struct.pack("<L", code).decode("latin-1").strip("\0 "),
        created=created,
        modified=modified,
        frames=tuple(frames),
        unfinished=len(frames) < (SHOWN if duration else 1),
    )
    return Result(output=output, made=tuple(made), flags=tuple(_flags(output)))


def _opened(path: Path) -> Any:
    os.environ |= {"OPENCV_FFMPEG_CAPTURE_OPTIONS": _OPTIONS, "OPENCV_LOG_LEVEL": "SILENT"}
    import cv2

    cv2.setNumThreads(1)
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    if not capture.isOpened():
        raise PermanentFailure("Not a video in a container that is opened here, or one without pictures.")
    return capture


def _spread(capture: Any, duration: float | None, until: float) -> Iterator[tuple[float, Image.Image]]:
    """Yield frames with their times in seconds, while there is time; the first alone where no duration is known."""
    import cv2

    for number in range(SHOWN if duration else 1):
        if time.process_time() > until:
            return
        if number:
            capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * (duration or 0) * number / SHOWN)
        whole, pixels = capture.read()
        if not whole:
            return
        # The blue comes first.
        yield round(max(0.0, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000), 3), Image.fromarray(pixels[:, :, ::-1])


def _kept(picture: Image.Image, folder: Path, name: str) -> Made:
    path = folder / f"{name}.webp"
    picture.save(path, "WEBP", quality=QUALITY, method=4)
    return Made(name=name, path=path, media_type="image/webp", width=picture.width, height=picture.height)


def _times(file: BinaryIO) -> tuple[str, str]:
    """Read the times of an ISO container: when it was made and modified."""
    end = file.seek(0, os.SEEK_END)
    movie = _box(file, b"moov", 0, end)
    header = movie and _box(file, b"mvhd", *movie)
    if not header:
        return "", ""
    file.seek(header[0])
    content = file.read(20)
    form = ">QQ" if content[:1] == b"\1" else ">LL"
    if len(content) < 4 + struct.calcsize(form):
        return "", ""
    made, changed = struct.unpack_from(form, content, 4)
    return _edtf(made), _edtf(changed)


def _box(file: BinaryIO, wanted: bytes, at: int, end: int) -> tuple[int, int] | None:
    """Find a box between two places of a file: where its content begins and ends."""
    for _ in range(BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8 or at + 8 > end:
            return None
        size, kind, begins = int.from_bytes(head[:4], "big"), head[4:8], at + 8
        if size == 1:
            size, begins = int.from_bytes(head[8:16], "big"), at + 16
        stops = at + size if size else end
        if stops < begins:
            return None
        if kind == wanted:
            return begins, min(stops, end)
        at = stops
    return None


def _edtf(seconds: int) -> str:
    # Zero is how a camera without a clock says so; before 1970 there was no such file.
    if not 0 < seconds < 2**37:
        return ""
    moment = EPOCH + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if 1970 < moment.year < 9999 else ""


def _positive(value: float) -> float | None:
    return value if math.isfinite(value) and 0 < value < 1e9 else None


def _flags(output: Video) -> Iterator[Flag]:
    if output.created and output.modified and output.created > output.modified:
        detail = f"The video says it was made {output.created}, after it was last modified, {output.modified}."
        yield Flag(flag="video_times_contradict", detail=detail)


def _missing() -> str:
    return "" if find_spec("cv2") else "opencv-python-headless (requirements-extras.txt)"


def _tool() -> str:
    name = "opencv-python-headless"
    return name if _missing() else f"{name} {version(name)}, Pillow {version('Pillow')}"


ENRICHER = Enricher(
    name="video",
    version=1,
    accepts=IMAGES,
    reads=frozenset({"file"}),
    media=MEDIA,
    run=watch,
    tool=_tool,
    parameters={"shown": SHOWN, "side": SIDE, "small": SMALL, "pixels": PIXELS, "formats": FORMATS},
    missing=_missing,
)
