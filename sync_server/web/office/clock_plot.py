"""Draw how far off a clock was in the course of time: as SVG within the page, which needs no script.

A stem for each point, from the line of the right time up (ahead) or down (behind). The scale grows by powers, because
a clock is off by minutes or by half a century; its lines are an hour, a day, a year. Time runs as the page is read.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import log1p

from markupsafe import Markup

from sync_server.core.clock_reading import RIGHT_SECONDS
from sync_server.core.tablet_clock import Point
from sync_server.web.office.clock_words import say_length

_WIDTH, _HEIGHT, _GUTTER, _EDGE = 480, 132, 64, 8
_MIDDLE, _REACH = _HEIGHT / 2, _HEIGHT / 2 - _EDGE
_LETTER = 13.0
_LINES = (3_600, 86_400, 365 * 86_400, 60 * 365 * 86_400)


def draw_plot(points: Sequence[Point], *, since: datetime, until: datetime, title: str, is_rtl: bool) -> Markup:
    """Draw the points; what is of before `since` stands at the edge."""
    furthest = max((abs(point.offset) for point in points), default=0.0)
    top = next((line for line in _LINES if line >= furthest), _LINES[-1])
    lines = [line for line in _LINES if line <= top]
    span = max(1.0, (until - since).total_seconds())

    def place(point: Point) -> tuple[float, float]:
        share = min(1.0, max(0.0, (point.at - since).total_seconds() / span))
        return _across(_GUTTER + share * (_WIDTH - _GUTTER - _EDGE), is_rtl), _height(point.offset, top)

    return Markup(
        '<svg class="clock" role="img" viewBox="0 0 {} {}" xmlns="http://www.w3.org/2000/svg"><title>{}</title>{}{}</svg>'
    ).format(_WIDTH, _HEIGHT, title, _grid(lines, top, is_rtl), _stems([place(point) for point in points]))


def _grid(lines: Sequence[int], top: int, is_rtl: bool) -> Markup:
    near, far = _across(_GUTTER, is_rtl), _across(_WIDTH - _EDGE, is_rtl)
    drawn = [Markup('<path class="right" d="M{:.1f} {:.1f}H{:.1f}"/>').format(near, _MIDDLE, far)]
    label = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>')
    for sign in (1, -1):
        free = float(_HEIGHT)  # from the last label on; from the edge inwards, so that the longest is always said
        for offset in (sign * line for line in reversed(lines)):
            y = _height(offset, top)
            drawn.append(Markup('<path d="M{:.1f} {:.1f}H{:.1f}"/>').format(near, y, far))
            if free - abs(y - _MIDDLE) >= _LETTER:
                free = abs(y - _MIDDLE)
                drawn.append(label.format(_across(_GUTTER / 2, is_rtl), y + _LETTER / 3, say_length(offset)))
    return Markup('<g class="grid" aria-hidden="true">{}</g>').format(Markup("").join(drawn))


def _stems(places: Iterable[tuple[float, float]]) -> Markup:
    drawn = []
    for x, y in places:
        is_right = abs(y - _MIDDLE) < 1
        stem = "" if is_right else Markup('<path d="M{:.1f} {:.1f}V{:.1f}"/>').format(x, _MIDDLE, y)
        kind = "good" if is_right else "off"
        drawn.append(Markup('<g class="{}">{}<circle cx="{:.1f}" cy="{:.1f}" r="2.2"/></g>').format(kind, stem, x, y))
    return Markup("").join(drawn)


def _height(offset: float, top: int) -> float:
    share = log1p(abs(offset) / RIGHT_SECONDS) / log1p(top / RIGHT_SECONDS)
    return _MIDDLE - (1 if offset > 0 else -1) * min(1.0, share) * _REACH


def _across(x: float, is_rtl: bool) -> float:
    return _WIDTH - x if is_rtl else x
