"""Small pictures as inline SVG.

Those with text have no viewBox: places are percentages, so that text keeps its size on any screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from titanic_batch.printable import printable
from titanic_batch.report.drift import SOME_DRIFT, Distribution, number

_PICTURE_WIDTH, _PICTURE_HEIGHT = 120, 28
_SHARES_HEIGHT, _DATES_HEIGHT = 170, 150
_HEAD = 16  # above the highest bar, for its symbol


def text(words: str) -> Markup:
    """Return a text that is not ours as HTML has it."""
    return escape(printable(words))


@dataclass(frozen=True, kw_only=True)
class DateBar:
    """A date in a chart.

    Attributes:
        label: What is told of it.
        tick: Its short name; "" where it is not written below.
        scored: Rows that are published.
        rejected: Rows that were rejected beside them.
        symbol: What stands above; "" for nothing.
        state: Its class, which gives the symbol its colour.
    """

    label: str
    tick: str
    scored: int
    rejected: int
    symbol: str
    state: str


def date_bars(bars: Sequence[DateBar], summary: str) -> Markup:
    """Return a bar for each date: rows scored, rejected ones on top, and a symbol for its state."""
    most = max((bar.scored + bar.rejected for bar in bars), default=0) or 1
    height = _DATES_HEIGHT
    step = 100 / max(len(bars), 1)
    scale = (height - _HEAD) / most
    label = f"{most:,} row{'s' if most > 1 else ''}" if any(bar.scored for bar in bars) else ""
    parts = [_gridlines(height, _HEAD, label)]
    for at, bar in enumerate(bars):
        x, middle = at * step + step * 0.1, at * step + step / 2
        scored, rejected = bar.scored * scale, bar.rejected * scale
        if bar.rejected:
            rejected = max(rejected, 1.5)
        top = height - scored - rejected
        shapes = []
        if bar.scored:
            shapes.append(_rect(x, height - scored, step * 0.8, scored, "bar"))
        if bar.rejected:
            shapes.append(_rect(x, top, step * 0.8, rejected, "rej"))
        if bar.symbol:
            shapes.append(
                f'<text x="{middle:.2f}%" y="{top - 4:.1f}" class="sym {bar.state}">'
                f"{bar.symbol}</text>"
            )
        if not shapes:
            continue
        parts.append(f"<g><title>{text(bar.label)}</title>{''.join(shapes)}</g>")
    parts += _date_ticks(bars, step, height)
    return _chart(height + 20, summary, parts)


def share_bars(distribution: Distribution, summary: str) -> Markup:
    """Return a bar for each range of a number, and a line where it is expected to end."""
    found = _shares(distribution.counts)
    expected = distribution.expected
    most = max(*found, *(expected or ()), 1e-9)
    height = _SHARES_HEIGHT
    scale = (height - _HEAD) / most
    step = 100 / len(found)
    parts = [_gridlines(height, _HEAD, f"{most:.0%} of the rows")]
    for at, share in enumerate(found):
        x = at * step
        told = f"{distribution.labels[at]}: {share:.1%}"
        shapes = [_rect(x + step * 0.1, height - share * scale, step * 0.8, share * scale, "bar")]
        if expected is not None:
            told += f", expected {expected[at]:.1%}"
            y = height - expected[at] * scale
            shapes.append(
                f'<line x1="{x:.2f}%" x2="{x + step:.2f}%" y1="{y:.1f}" y2="{y:.1f}" class="exp"/>'
            )
        parts.append(f"<g><title>{text(told)}</title>{''.join(shapes)}</g>")
    edges = distribution.edges or ()
    every = max(1, -(-len(edges) // 5))
    for at, edge in enumerate(edges, start=1):
        if at % every == 0 or len(edges) < 6:
            parts.append(
                f'<text x="{at * step:.2f}%" y="{height + 15}" class="mid">{number(edge)}</text>'
            )
    return _chart(height + 20, summary, parts)


def picture_of_shares(distribution: Distribution) -> Markup:
    """Return a column's distribution as a small picture; its numbers stand beside it."""
    found, expected = _shares(distribution.counts), distribution.expected
    most = max(*found, *(expected or ()), 1e-9)
    wide, high = _PICTURE_WIDTH / len(found), _PICTURE_HEIGHT
    bars = "".join(
        f"M{at * wide + wide * 0.1:.4g} {high}v{-share / most * high:.3g}h{wide * 0.8:.3g}V{high}z"
        for at, share in enumerate(found)
        if share
    )
    lines = "".join(
        f"M{at * wide:.4g} {high - share / most * (high - 1):.3g}h{wide:.3g}"
        for at, share in enumerate(expected or ())
    )
    return _picture(
        f'<path d="{bars}" class="bar"/>' + (f'<path d="{lines}" class="exp"/>' if lines else "")
    )


def picture_of_indexes(indexes: Sequence[float | None]) -> Markup:
    """Return a column's drift over the dates as a small picture; a gap where there is none."""
    known = [index for index in indexes if index is not None]
    if not known:
        return Markup("")
    most = max(*known, 2.4 * SOME_DRIFT)
    wide, high = (_PICTURE_WIDTH - 6) / max(len(indexes) - 1, 1), _PICTURE_HEIGHT - 6

    def place(at: int, index: float) -> str:
        return f"{3 + at * wide:.4g} {3 + high - index / most * high:.3g}"

    line, pen = "", "M"
    for at, index in enumerate(indexes):
        if index is None:
            pen = "M"
            continue
        line += f"{pen}{place(at, index)}" + ("h.01" if pen == "M" else "")  # a dot, if it is alone
        pen = "L"
    y = 3 + high - SOME_DRIFT / most * high
    return _picture(
        f'<path d="M0 {y:.3g}H{_PICTURE_WIDTH}" class="limit"/><path d="{line}" class="line"/>'
    )


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts) or 1
    return [count / total for count in counts]


def _date_ticks(bars: Sequence[DateBar], step: float, height: int) -> list[str]:
    parts = []
    for at, bar in enumerate(bars):
        if not bar.tick:
            continue
        middle = at * step + step / 2
        anchor = "start" if middle < 5 else "end" if middle > 95 else "mid"
        x = 0.0 if anchor == "start" else 100.0 if anchor == "end" else middle
        parts.append(f'<text x="{x:.2f}%" y="{height + 15}" class="{anchor}">{bar.tick}</text>')
    return parts


def _gridlines(height: int, top: float, label: str) -> str:
    return (
        f'<line x2="100%" y1="{top}" y2="{top}" class="grid"/>'
        f'<text y="{top - 4}">{label}</text>'
        f'<line x2="100%" y1="{height}" y2="{height}" class="grid"/>'
    )


def _rect(x: float, y: float, wide: float, high: float, kind: str) -> str:
    return (
        f'<rect x="{x:.2f}%" y="{y:.1f}" width="{wide:.2f}%" height="{high:.1f}" class="{kind}"/>'
    )


def _chart(height: int, summary: str, parts: Sequence[str]) -> Markup:
    return Markup(  # noqa: S704  # what is not ours has passed `text`
        f'<svg class="chart" height="{height}" role="img" aria-label="{text(summary)}">'
        f"{''.join(parts)}</svg>"
    )


def _picture(inner: str) -> Markup:
    return Markup(  # noqa: S704  # numbers only
        f'<svg class="pic" viewBox="0 0 {_PICTURE_WIDTH} {_PICTURE_HEIGHT}" aria-hidden="true">'
        f"{inner}</svg>"
    )
