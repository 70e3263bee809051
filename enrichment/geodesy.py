"""Distances on the Earth, in metres, between positions in degrees (WGS 84). Pure."""

from __future__ import annotations

from math import asin, atan2, cos, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG 1980, R1)."""

_A, _F = 6_378_137.0, 1 / 298.257223563
_B = _A * (1 - _F)
_ROUNDS, _CLOSE = 100, 1e-12


def sphere_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Measure the great circle (haversine; Sinnott, Sky and Telescope 68, 1984): at most 0.6 % off the ellipsoid."""
    a, b = radians(lat1), radians(lat2)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, half)))


def geodesic_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Measure the shortest way on the ellipsoid (Vincenty, Survey Review 23, 1975: better than a millimetre).

    Nearly opposite points, where the series does not settle, are measured on the sphere.
    """
    if (lat1, lon1) == (lat2, lon2):
        return 0.0
    u1, u2 = (atan2((1 - _F) * sin(radians(lat)), cos(radians(lat))) for lat in (lat1, lat2))
    apart = radians((lon2 - lon1 + 540) % 360 - 180)
    sin1, cos1, sin2, cos2 = sin(u1), cos(u1), sin(u2), cos(u2)
    turned = apart
    for _ in range(_ROUNDS):
        sine = sqrt((cos2 * sin(turned)) ** 2 + (cos1 * sin2 - sin1 * cos2 * cos(turned)) ** 2)
        if sine == 0:
            return 0.0
        cosine = sin1 * sin2 + cos1 * cos2 * cos(turned)
        arc = atan2(sine, cosine)
        azimuth = cos1 * cos2 * sin(turned) / sine
        square = 1 - azimuth**2
        middle = cosine - 2 * sin1 * sin2 / square if square else 0.0
        c = _F / 16 * square * (4 + _F * (4 - 3 * square))
        before = turned
        bent = arc + c * sine * (middle + c * cosine * (2 * middle**2 - 1))
        turned = apart + (1 - c) * _F * azimuth * bent
        if abs(turned - before) < _CLOSE:
            return _length(square, arc, sine, cosine, middle)
    return sphere_m(lat1, lon1, lat2, lon2)


def _length(square: float, arc: float, sine: float, cosine: float, middle: float) -> float:
    u = square * (_A**2 - _B**2) / _B**2
    a = 1 + u / 16384 * (4096 + u * (u * (320 - 175 * u) - 768))
    b = u / 1024 * (256 + u * (u * (74 - 47 * u) - 128))
    inner = cosine * (2 * middle**2 - 1) - b / 6 * middle * (4 * sine**2 - 3) * (4 * middle**2 - 3)
    return _B * a * (arc - b * sine * (middle + b / 4 * inner))
