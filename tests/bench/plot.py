"""docs/bench.svg: how long everybody took at 100 ms, with the limit as a dashed line."""

from itertools import chain
from math import ceil
from typing import Final
from xml.etree.ElementTree import Element, SubElement

import pygal  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

from tests.bench.bench import Found
from tests.bench.contenders import CEILING, CONTENDERS
from tests.bench.figures import Setting

_INK, _FAINT, _WHITE = "#1f2328", "#d1d9e0", "#ffffff"
_SIZE: Final = (860, 470)
_STYLE: Final = Style(
    background=_WHITE,
    plot_background=_WHITE,
    foreground=_INK,
    foreground_strong=_INK,
    foreground_subtle=_INK,
    colors=("#54aeff", "#c8a6ff"),
    opacity="1",
    font_family="system-ui, sans-serif",
    title_font_size=15,
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
    value_font_size=12,
    guide_stroke_color=_FAINT,
    major_guide_stroke_color="#cf222e",
    major_guide_stroke_dasharray="6,4",
)
_BESIDE: Final = (
    "inline:.text-overlay text.value{text-anchor:start;paint-order:stroke;"
    "stroke:#fff !important;stroke-width:4px}.major.guide.line{stroke-width:1.5}"
)
"""A bar's figure stands behind its end, not across it, and clear of the lines."""


def plot(found: Found) -> str:
    """Draw the SVG."""
    settings = [each for each in found.plan.settings if each.limit]
    whom = [*CONTENDERS, CEILING][::-1]  # pygal begins at the bottom
    chart = _chart(settings)
    rows = [[found.row(each.key, setting) for each in whom] for setting in settings]
    walls = [[row.wall if row else None for row in bars] for bars in rows]
    short = [next((row.shortfall for row in each if row), "") for each in zip(*rows, strict=True)]
    chart.x_labels = [f"{each.label}{some}" for each, some in zip(whom, short, strict=True)]
    limits = [setting.limit for setting in settings]
    longest = max(wall for wall in chain(*walls) if wall is not None)
    chart.y_labels = sorted({*range(ceil(longest) + 1), *limits})
    chart.y_labels_major = limits
    for setting, bars in zip(settings, walls, strict=True):
        chart.add(f"{setting.in_flight} in flight; limit {setting.limit:.2f} s", bars)
    drawn: str = chart.render(is_unicode=True)
    return drawn + "\n"


def _chart(settings: list[Setting]) -> pygal.HorizontalBar:
    width, height = _SIZE
    chart = pygal.HorizontalBar(
        style=_STYLE,
        css=["file://style.css", "file://graph.css", _BESIDE],
        js=[],
        width=width,
        height=height,
        explicit_size=True,
        no_prefix=True,
        margin=20,
        spacing=12,
        rounded_bars=2,
        legend_at_bottom=True,
        print_values=True,
        print_values_position="top",
        title=f"{settings[0].messages:,} messages, each answered after "
        f"{settings[0].latency * 1000:.0f} ms: less is better",
        x_title="seconds (dashed: the limit N·latency/C)",
    )
    chart.value_formatter = lambda value: f"{value:g}"
    chart.formatter = lambda value: "" if value is None else f"\N{NO-BREAK SPACE}{value:.2f}"
    chart.add_xml_filter(_tidy)
    return chart


def _tidy(root: Element) -> Element:
    """Take out scripts and the date, of no use to a picture; lay the limit over the bars."""
    for parent in list(root.iter()):
        for useless in [each for each in parent if _tag(each) in {"script", ""}]:
            parent.remove(useless)
    drawn = _with_class(root, "plot")[0]
    for axis in _with_class(drawn, "axis x always_show"):
        limits = [guide for guide in axis if _with_class(guide, "major guide line")]
        above = SubElement(drawn, "g", {"class": axis.get("class", "")})
        for guide in limits:
            axis.remove(guide)
            above.append(guide)
    return root


def _tag(element: Element) -> str:
    tag: object = element.tag  # a comment's is a function
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _with_class(root: Element, name: str) -> list[Element]:
    return [each for each in root.iter() if each.get("class") == name]
