"""How the scenes of the sample are drawn: sea, land, a jetty, a ship to scale, clouds, and what is burned in.

Lengths are in pixels of the finished picture; all chance comes from seeded generators.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from osint.sample.fleet import TERMINAL, Ship

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

WIDTH, HEIGHT = 1200, 800
PIXELS_PER_METRE = 3.0
GROUND = 1560
"""The drawn ground is a square, wide enough for the view to be cut out of it at any angle."""

DRAWN_LARGER = 1.5
"""Drawn larger and made smaller: that smooths the edges."""

JETTY_Y = 430.0
"""Where the face of the jetty runs, in pixels from the top of the picture; the land is above it."""

LABEL = "SYNTHETIC SAMPLE"

Colour = tuple[int, int, int, int]
Points = Sequence[tuple[float, float]]

_SIDE = ((0.0, -0.42), (0.03, -0.5), (0.8, -0.5), (0.9, -0.4), (0.96, -0.22), (1.0, 0.0))
_HULL = (*_SIDE, *((along, -across) for along, across in reversed(_SIDE[:-1])))
_DECK = (
    ((0.25, -0.05, 0.9, 0.05), (198, 186, 168, 255)),  # pipes along
    ((0.55, -0.44, 0.57, 0.44), (206, 196, 176, 255)),  # manifold across
    ((0.08, -0.2, 0.225, 0.46), (30, 20, 20, 130)),  # shadow of the house
    ((0.05, -0.4, 0.19, 0.4), (228, 226, 218, 255)),  # house
    ((0.15, -0.46, 0.19, 0.46), (246, 245, 240, 255)),  # bridge
    ((0.07, -0.12, 0.11, 0.12), (70, 74, 82, 255)),  # funnel
)
"""The outline of a ship and what stands on it, as shares of its length and beam."""


def draw_scene(name: str, ship: Ship | None, *, loaded: bool, when: datetime) -> Image:
    """Draw the terminal with a ship at its jetty, or with none."""
    from PIL import Image, ImageDraw

    # The place stays as it is from scene to scene; water, clouds, boats and the angle of the view do not.
    place, rng = _chance("terminal"), _chance(name)
    picture = _sea(rng)
    _land(picture, place)
    draw = ImageDraw.Draw(picture, "RGBA")
    _tanks(draw, place)
    _jetty(draw)
    if ship is not None:
        _tanker(draw, ship, loaded=loaded, x=rng.uniform(590, 640))
    _boats(draw, rng)
    angle = rng.uniform(-32, 32)
    turned = picture.rotate(angle, Image.Resampling.BICUBIC)
    picture = turned.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS, box=_view(rng))
    picture = _haze(picture, rng)
    _caption(picture, name, when, angle)
    return picture


def _chance(purpose: str) -> random.Random:
    return random.Random(f"scene/{purpose}")  # noqa: S311 -- guards nothing, must be the same each time


def _view(rng: random.Random) -> tuple[float, float, float, float]:
    """Choose what of the ground is seen, near its middle."""
    left = (GROUND - WIDTH) / 2 + rng.uniform(-50, 50)
    top = (GROUND - HEIGHT) / 2 + rng.uniform(-40, 50)
    edges = (left, top, left + WIDTH, top + HEIGHT)
    return tuple(edge * DRAWN_LARGER for edge in edges)  # type: ignore[return-value]


def _noise(size: tuple[int, int], cells: tuple[int, int], rng: random.Random) -> Image:
    """Make a smooth field of grey values, `cells` of chance across and down."""
    from PIL import Image

    grid = Image.frombytes("L", cells, rng.randbytes(cells[0] * cells[1]))
    return grid.resize(size, Image.Resampling.BICUBIC)


def _clouded(size: tuple[int, int], cells: tuple[tuple[int, int], ...], rng: random.Random) -> Image:
    """Lay fields of ever finer chance over one another, as clouds and waves are."""
    from PIL import Image

    field = _noise(size, cells[0], rng)
    for finer in cells[1:]:
        field = Image.blend(field, _noise(size, finer, rng), 0.38)
    return field


def _sea(rng: random.Random) -> Image:
    from PIL import ImageOps

    size = (int(GROUND * DRAWN_LARGER),) * 2
    # Wider than high: swell that runs towards the shore.
    waves = _clouded(size, ((8, 14), (36, 130), (190, 700), (800, 1200)), rng)
    shade = rng.randrange(-6, 7)
    deep, shallow = (12, 40 + shade, 62 + shade), (44, 92 + shade, 108 + shade)
    return ImageOps.colorize(waves, deep, shallow, mid=(24, 62 + shade, 84 + shade))


def _land(picture: Image, rng: random.Random) -> None:
    from PIL import Image, ImageDraw, ImageFilter, ImageOps

    swings = [(26, 170, rng.uniform(0, 6)), (9, 47, rng.uniform(0, 6)), (4, 17, rng.uniform(0, 6))]
    shore = [(x, 205 + sum(a * math.sin(x / b + c) for a, b, c in swings)) for x in range(-200, 1401, 5)]
    ground = _clouded(picture.size, ((9, 9), (40, 40), (220, 220), (900, 900)), rng)
    ground = ImageOps.colorize(ground, (46, 58, 36), (150, 140, 112), mid=(86, 94, 62))
    outline = [*_large(shore), *_large([(1400, -400), (-200, -400)])]
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).polygon(outline, fill=255)
    # Shallow water and surf along the shore, then the land itself.
    surf = mask.filter(ImageFilter.GaussianBlur(34)).point([value // 3 for value in range(256)])
    picture.paste((104, 140, 138), mask=surf)
    draw = ImageDraw.Draw(picture)
    draw.line(_large([(x, y + 3) for x, y in shore]), fill=(196, 200, 188), width=7)
    picture.paste(ground, mask=mask)
    for offset, width in ((-58, 9), (-150, 6)):
        draw.line(_large([(x, y + offset) for x, y in shore]), fill=(158, 154, 142), width=width)


def _tanks(draw: ImageDraw, rng: random.Random) -> None:
    for row, y in enumerate((52, 108)):
        for column in range(7):
            x, radius = 250 + column * 78 + row * 26, rng.choice((20, 23, 23, 26))
            _disc(draw, x + 9, y + 8, radius, (24, 30, 24, 130))
            _disc(draw, x, y, radius, (214, 212, 204, 255))
            _disc(draw, x - 2, y - 2, radius * 0.82, (232, 231, 225, 255))
            _disc(draw, x, y, 2.5, (150, 148, 142, 255))


def _jetty(draw: ImageDraw) -> None:
    """Draw the trestle from the land, the platform with its loading arms, and the mooring dolphins."""
    face = JETTY_Y
    concrete, dark = (176, 172, 160, 255), (84, 84, 82, 255)
    _box(draw, 586, 180, 600, face, (20, 34, 44, 110))
    _box(draw, 580, 170, 593, face, concrete)
    _box(draw, 585, 170, 588, face, dark)
    _box(draw, 514, face - 24, 672, face + 8, (18, 30, 40, 120))
    _box(draw, 506, face - 30, 664, face, concrete)
    for x in (556, 574, 592, 610):
        _box(draw, x, face - 20, x + 6, face + 5, (206, 120, 52, 255))
    for x in (352, 418, 752, 818):
        _box(draw, x + 5, face - 21, x + 21, face - 5, (18, 30, 40, 120))
        _box(draw, x, face - 26, x + 16, face - 10, concrete)
    for left, right in ((368, 418), (434, 506), (664, 752), (768, 818)):
        _box(draw, left, face - 20, right, face - 17, dark)


def _tanker(draw: ImageDraw, ship: Ship, *, loaded: bool, x: float) -> None:
    """Draw a ship along the jetty, to scale; one in ballast stands higher and throws a longer shadow."""
    length, beam = ship.length_m * PIXELS_PER_METRE, ship.beam_m * PIXELS_PER_METRE
    stern, middle = x - length / 2, JETTY_Y + 8 + beam / 2
    freeboard = 8 if loaded else 17

    def at(along: float, across: float) -> tuple[float, float]:
        """Find a point of the ship: 0 (stern) to 1 (bow) along, -0.5 (jetty side) to 0.5 across."""
        return stern + along * length, middle + across * beam

    hull = [at(along, across) for along, across in _HULL]
    _shape(draw, [(x + freeboard, y + freeboard * 1.25) for x, y in hull], (6, 18, 30, 150))
    _shape(draw, hull, (52, 40, 40, 255))
    _shape(draw, [at(0.5 + (a - 0.5) * 0.985, b * 0.9) for a, b in _HULL], (132, 58, 48, 255))
    for along in (0.3, 0.42, 0.54, 0.66, 0.78):
        _box(draw, *at(along, -0.42), *at(along + 0.005, 0.42), (104, 44, 38, 255))
        _disc(draw, *at(along + 0.05, -0.22), 3.2, (186, 152, 132, 255))
        _disc(draw, *at(along + 0.05, 0.22), 3.2, (186, 152, 132, 255))
    for (left, top, right, bottom), colour in _DECK:
        _box(draw, *at(left, top), *at(right, bottom), colour)
    for ashore, aboard in ((360, 0.04), (426, 0.1), (760, 0.88), (826, 0.96)):
        rope = _large([(ashore, JETTY_Y - 14), at(aboard, -0.36)])
        draw.line(rope, fill=(220, 216, 200, 150), width=2)


def _boats(draw: ImageDraw, rng: random.Random) -> None:
    for _ in range(rng.randrange(2, 4)):
        x, y = rng.uniform(80, 1060), rng.uniform(590, 730)
        run = rng.uniform(60, 110)
        _shape(draw, [(x, y), (x - run, y - 9), (x - run, y + 9)], (210, 226, 226, 60))
        boat = [(x + 15, y), (x + 9, y - 4), (x - 7, y - 4), (x - 7, y + 4), (x + 9, y + 4)]
        _shape(draw, boat, (226, 226, 218, 255))


def _haze(picture: Image, rng: random.Random) -> Image:
    from PIL import Image, ImageFilter

    cloud = _clouded(picture.size, ((4, 3), (9, 6), (26, 18), (90, 60)), rng)
    cloud = cloud.filter(ImageFilter.GaussianBlur(5))
    over = rng.randrange(134, 158)
    thin = cloud.point([min(max(value - over, 0) * 2, 120) for value in range(256)])
    hazy = picture.copy()
    hazy.paste((226, 230, 232), mask=thin)
    grain = _noise(picture.size, picture.size, rng)
    return Image.blend(hazy, Image.merge("RGB", (grain, grain, grain)), 0.035)


def _caption(picture: Image, name: str, when: datetime, angle: float) -> None:
    """Burn in what it is, a scale of 100 metres, north, and the time."""
    from PIL import ImageDraw, ImageFont

    draw = ImageDraw.Draw(picture, "RGBA")
    large, small = ImageFont.load_default(46), ImageFont.load_default(19)
    draw.text((WIDTH / 2, 690), LABEL, font=large, anchor="mm", fill=(255, 255, 255, 150))
    draw.rectangle((0, HEIGHT - 44, WIDTH, HEIGHT), fill=(8, 16, 24, 205))
    position = f"{TERMINAL['lat']} N  {TERMINAL['lon']} E"
    facts = (LABEL, name, f"{when:%Y-%m-%d %H:%M} UTC", position, "drawn, no photograph, no real ship")
    line = "   ·   ".join(facts)
    draw.text((18, HEIGHT - 22), line, font=small, anchor="lm", fill=(236, 240, 242, 255))
    right, y = WIDTH - 40, HEIGHT - 62
    left = right - 100 * PIXELS_PER_METRE
    draw.line([(left, y - 8), (left, y), (right, y), (right, y - 8)], fill=(255, 255, 255, 235), width=3)
    draw.text(((left + right) / 2, y - 6), "100 m", font=small, anchor="mb", fill=(255, 255, 255, 235))
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    arrow = ((0, -24), (-11, 10), (0, 3), (11, 10))
    north = [(1150 + x * cosine + y * sine, 54 - x * sine + y * cosine) for x, y in arrow]
    draw.polygon(north, fill=(255, 255, 255, 235))
    draw.text((1150 + 30 * sine, 54 + 30 * cosine), "N", font=small, anchor="mm", fill=(255, 255, 255, 235))


def _large(points: Points) -> list[tuple[float, float]]:
    """Move points from the middle of the finished picture to where they are drawn."""
    across, down = (GROUND - WIDTH) / 2, (GROUND - HEIGHT) / 2
    return [((x + across) * DRAWN_LARGER, (y + down) * DRAWN_LARGER) for x, y in points]


def _shape(draw: ImageDraw, points: Points, colour: Colour) -> None:
    draw.polygon(_large(points), fill=colour)


def _box(draw: ImageDraw, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    draw.rectangle(_large([(left, top), (right, bottom)]), fill=colour)


def _disc(draw: ImageDraw, x: float, y: float, radius: float, colour: Colour) -> None:
    draw.ellipse(_large([(x - radius, y - radius), (x + radius, y + radius)]), fill=colour)
