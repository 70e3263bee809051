"""Scenes that look a little like satellite pictures, as files: SYNTHETIC, and the words are burned into each.

The same bytes each time, with one version of Pillow. The EXIF block has a time and the terminal's position,
so that tools have something to find.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from osint.sample.drawing import HEIGHT, LABEL, WIDTH, draw_scene
from osint.sample.fleet import (
    ARRIVAL,
    EMPTY_SCENE,
    SCENES,
    SYNTHETIC,
    TERMINAL,
    PortCall,
    absences,
    minute,
    port_calls,
)

if TYPE_CHECKING:
    from PIL.Image import Image

WRONG_CLOCK = "scene-5"
WRONG_TIME = datetime(2024, 5, 2, 1, 12, tzinfo=UTC)
COPY, COPY_OF = "scene-8", "scene-3"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A picture: what its submitter says of it (`body`, as the API takes it), and its file."""

    name: str
    file_name: str
    data: bytes
    body: dict[str, Any]


@lru_cache(maxsize=1)
def scenes() -> tuple[Scene, ...]:
    """Draw all scenes: six of calls, one of an empty jetty, and a smaller copy of one of them."""
    calls = {call.number: call for call in port_calls()}
    made = [_call_scene(name, calls[number], activity) for (number, activity), name in SCENES.items()]
    looked = absences()[0]
    made.append(
        _scene(
            EMPTY_SCENE,
            title="The jetty of the oil terminal, nobody there",
            when=looked,
            data=_jpeg(draw_scene(EMPTY_SCENE, None, loaded=False, when=looked), taken=looked),
            notes="Drawn for the first of the absences.",
        )
    )
    original = next(scene for scene in made if scene.name == COPY_OF)
    return (*made, _smaller_copy(original))


def _call_scene(name: str, call: PortCall, activity: str) -> Scene:
    arrival = activity == ARRIVAL
    when = call.arrived if arrival else call.departed
    notes = f"Drawn for the {activity} of call {call.number}."
    if name == WRONG_CLOCK:
        notes += (
            f" On purpose, the time in the file ({WRONG_TIME:%d %B %Y}) contradicts the submitter's time: "
            "the sample shows how such a file is flagged."
        )
    picture = draw_scene(name, call.ship, loaded=not arrival, when=when)
    return _scene(
        name,
        title=f"{call.ship.name} at the jetty, {'in ballast' if arrival else 'loaded'}",
        when=when,
        data=_jpeg(picture, taken=WRONG_TIME if name == WRONG_CLOCK else when),
        notes=notes,
    )


def _smaller_copy(original: Scene) -> Scene:
    """Make what a messenger makes of a picture: smaller, compressed harder, without its EXIF block."""
    from PIL import Image

    with Image.open(BytesIO(original.data)) as picture:
        small = picture.resize((WIDTH * 2 // 3, HEIGHT * 2 // 3), Image.Resampling.BICUBIC)
    return _scene(
        COPY,
        title="A smaller copy of a scene, as a messenger passes it on",
        when=datetime.fromisoformat(original.body["when"]),
        data=_jpeg(small, taken=None, quality=62),
        notes=f"A copy of {COPY_OF}: no second origin. It came without a camera's time or position.",
    )


def _scene(name: str, *, title: str, when: datetime, data: bytes, notes: str) -> Scene:
    body = {
        "kind": "image",
        "title": f"SYNTHETIC: {title}",
        "when": minute(when),
        "place": TERMINAL,
        "source": {"name": "Waterline sample", "kind": "drawn scene", "publisher": "synthetic"},
        "collection": {
            "by": "Waterline sample",
            "method": "drawn by a program",
            "notes": f"{SYNTHETIC} {notes}",
        },
        "tags": ["synthetic", "scene"],
        "sensitivity": "clear",
        "external_id": f"sample/{name}",
    }
    return Scene(name=name, file_name=f"synthetic-sample-{name}.jpg", data=data, body=body)


# --- the file ------------------------------------------------------------


def _jpeg(picture: Image, *, taken: datetime | None, quality: int = 88) -> bytes:
    """Write the file; with a time of taking, its EXIF block has that (in UTC) and the terminal's position."""
    from PIL import ExifTags, Image

    exif = Image.Exif()
    if taken is not None:
        exif[ExifTags.Base.ImageDescription] = f"{LABEL}: a drawn scene"
        exif[ExifTags.Base.Make] = "synthetic"
        exif[ExifTags.Base.Model] = "Waterline sample"
        exif[ExifTags.Base.Software] = "Waterline sample"
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        inner[ExifTags.Base.DateTimeOriginal] = f"{taken:%Y:%m:%d %H:%M:%S}"
        inner[ExifTags.Base.OffsetTimeOriginal] = "+00:00"
        position = exif.get_ifd(ExifTags.IFD.GPSInfo)
        position[ExifTags.GPS.GPSLatitudeRef], position[ExifTags.GPS.GPSLongitudeRef] = "N", "E"
        position[ExifTags.GPS.GPSLatitude] = _degrees(float(TERMINAL["lat"]))
        position[ExifTags.GPS.GPSLongitude] = _degrees(float(TERMINAL["lon"]))
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality, exif=exif)
    return file.getvalue()


def _degrees(value: float) -> tuple[float, float, float]:
    """Split decimal degrees into degrees, minutes and seconds, as EXIF has them."""
    minutes, degrees = math.modf(value)
    seconds, minutes = math.modf(round(minutes * 60, 6))
    return degrees, minutes, round(seconds * 60, 3)
