"""Charts put together into a figure: one alone or all five on one time axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..config import DecodingConfig
from ..instruments import N_INSTRUMENTS, instrument_by_code
from ..results import Analysis
from ..wording import format_time
from . import charts
from .charts import LINE, MUTED, TEXT, Stretch
from .image_config import ImageConfig
from .lettering import CJK_FAMILY, TEXT_FAMILY, Run, font_path, lay_out, measure_width
from .scales import FEWEST_LANES, pick_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Chart:
    """One kind of chart.

    Parameters
    ----------
    key : str
        Its name in options, for example ``"heat-map"``.
    title, explanation : str
        As on screen.
    height : float
        Compared with the others.
    draw : callable (Axes, Stretch) -> str
        Draws it, or says in a sentence why there is nothing to draw.
    """

    key: str
    title: str
    explanation: str
    height: float
    draw: Callable[[Axes, Stretch], str]


CHARTS: tuple[Chart, ...] = (
    Chart("waveform", "Waveform", "amplitude, full scale is 1", 0.8, charts.draw_waveform),
    Chart("spectrogram", "Spectrogram", "log-mel, dB below the loudest", 1.6, charts.draw_spectrogram),
    Chart("intensity", "Intensity", "probability of each instrument", 1.5, charts.draw_intensity),
    Chart("heat-map", "Heat map", "probability of all eleven", 0.16 * N_INSTRUMENTS, charts.draw_heat_map),
    Chart("ranges", "Time ranges", "where each instrument is heard", 0.2 * FEWEST_LANES, charts.draw_ranges),
)
_OF_THE_SOUND = ("waveform", "spectrogram")

# Inches.
_LEFT, _RIGHT, _TOP, _BOTTOM = 1.12, 0.16, 0.08, 0.46
_HEAD, _GAP, _LEGEND_ROW, _TITLE_LINE = 0.26, 0.22, 0.17, 0.24
_LEGEND_COLUMN = 1.42
_MOST_TITLE_LINES = 3
_TITLE_POINTS, _HEAD_POINTS, _SMALL_POINTS, _SMALLEST_POINTS = 12.0, 9.0, 7.5, 3.0


def draw_figure(analysis: Analysis, config: DecodingConfig | None, image: ImageConfig) -> Figure:
    """What `instrunet_widgets.plotting.plot` gives."""
    # Letters grow with the picture, but not as fast as it does.
    dots_per_inch = min(max(90.0, 160 * (image.width * image.height / (1_600 * 1_400)) ** 0.5), 600.0)
    chosen = choose_charts(analysis) if image.chart == "all" else [one for one in CHARTS if one.key == image.chart]
    whole = Stretch(analysis, analysis.decode(config), 0.0, analysis.duration)
    title = analysis.audio_name if image.title is None else image.title
    figure = make_figure(image.width / dots_per_inch, image.height / dots_per_inch, dots_per_inch)
    fill_figure(figure, whole, chosen, title)
    return figure


def make_figure(width: float, height: float, dots_per_inch: float) -> Figure:
    """An empty white figure that notebooks show by themselves; sizes in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    class ShownFigure(Figure):
        def _repr_png_(self) -> bytes:
            import io

            file = io.BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    figure = ShownFigure(figsize=(width, height), dpi=dots_per_inch, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def fill_figure(figure: Figure, stretch: Stretch, chosen: Sequence[Chart], title: str = "") -> None:
    """Draw charts above each other, with their headings, on one time axis.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    stretch : Stretch
    chosen : sequence of Chart
    title : str
        A name from outside is welcome; empty for none.
    """
    width, height = figure.get_size_inches()
    top = height - _TOP
    if title:
        top = _write_title(figure, title, top)
    legend_rows = _count_legend_rows(stretch, width)
    fixed = sum(_HEAD + (_LEGEND_ROW * legend_rows if chart.key == "intensity" else 0) for chart in chosen)
    fixed += _GAP * (len(chosen) - 1) + _BOTTOM
    weights = [measure_chart(chart, stretch) for chart in chosen]
    unit = max(0.05, top - fixed) / sum(weights)
    for chart, weight in zip(chosen, weights, strict=True):
        top = _write_head(figure, chart, stretch, top, legend_rows)
        box = (_LEFT / width, (top - unit * weight) / height, (width - _LEFT - _RIGHT) / width, unit * weight / height)
        axes = figure.add_axes(box)
        _style(axes, stretch, width - _LEFT - _RIGHT, has_label=chart is chosen[-1])
        sentence = chart.draw(axes, stretch)
        axes.set_xlim(stretch.start, stretch.end)
        _fit_names(axes, unit * weight)
        if sentence:
            axes.set_yticks([])
            _write(axes, 0.5, 0.5, sentence, transform=axes.transAxes, ha="center", va="center", color=MUTED)
        top -= unit * weight + _GAP


def choose_charts(analysis: Analysis) -> list[Chart]:
    """All charts for which there is something to draw: those of the sound need the overview."""
    return [chart for chart in CHARTS if analysis.overview is not None or chart.key not in _OF_THE_SOUND]


def measure_chart(chart: Chart, stretch: Stretch) -> float:
    """Height of a chart's plot area compared with the others; time ranges grow with their lanes."""
    if chart.key == "ranges":
        return 0.2 * max(FEWEST_LANES, len(charts.choose_lanes(stretch.timeline)))
    return chart.height


def measure_height(stretch: Stretch, chosen: Sequence[Chart], width: float) -> float:
    """Inches that charts take if an inch of theirs is an inch, without a title."""
    rows = _count_legend_rows(stretch, width) * _LEGEND_ROW if any(one.key == "intensity" for one in chosen) else 0
    heads = (_HEAD + _GAP) * len(chosen) - _GAP
    return _TOP + _BOTTOM + heads + rows + sum(measure_chart(chart, stretch) for chart in chosen)


def _style(axes: Axes, stretch: Stretch, width: float, *, has_label: bool) -> None:
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), color=LINE, linewidth=0.8)
    axes.tick_params(colors=TEXT, color=LINE, labelsize=_SMALL_POINTS, length=2.5, width=0.8, pad=2.5)
    ticks = pick_ticks(stretch.start, stretch.end, max(3, int(width / 0.75)))
    tenths = len(ticks) > 1 and bool(ticks[1] - ticks[0] < 1)
    axes.set_xticks(ticks, [format_time(float(tick), tenths=tenths) for tick in ticks])
    if has_label:
        axes.set_xlabel("Time (min:s)", fontsize=_SMALL_POINTS, color=MUTED, labelpad=3)
    for tick, label in zip(ticks, axes.get_xticklabels(), strict=True):
        label.set_fontfamily(TEXT_FAMILY)
        room = (stretch.end - tick) / (stretch.end - stretch.start) * width + _RIGHT
        if room < measure_width(Run("text", label.get_text()), _SMALL_POINTS) / 144:
            label.set_horizontalalignment("right")


def _fit_names(axes: Axes, height: float) -> None:
    """Make labels at the left as small as it takes to keep them apart."""
    places = axes.get_yticks()
    lowest, highest = axes.get_ylim()
    closest = min((abs(a - b) for a, b in pairwise(places)), default=highest - lowest)
    points = min(_SMALL_POINTS, 0.95 * closest / (highest - lowest) * height * 72)
    for label in axes.get_yticklabels():
        label.set(fontfamily=TEXT_FAMILY, fontsize=points, visible=points > _SMALLEST_POINTS)


def _write_title(figure: Figure, title: str, top: float) -> float:
    import matplotlib

    width, height = figure.get_size_inches()
    # From 3.11 on Matplotlib puts letters from right to left into their order itself.
    is_reordered = matplotlib.__version_info__ < (3, 11)
    lines = lay_out(title, width - 2 * _RIGHT, _measure_title, is_reordered=is_reordered)
    if len(lines) > _MOST_TITLE_LINES:
        lines = [*lines[: _MOST_TITLE_LINES - 1], [*lines[_MOST_TITLE_LINES - 1], Run("text", "…")]]
    for line in lines:
        text = "".join(run.text for run in line)
        _write(figure, _RIGHT / width, top / height, text, fontsize=_TITLE_POINTS, va="top", family=_families(line))
        top -= _TITLE_LINE
    return top - 0.06


def _families(line: list[Run]) -> list[str]:
    path = font_path("cjk")
    if path is None or all(run.font == "text" for run in line):
        return [TEXT_FAMILY]
    from matplotlib.font_manager import fontManager

    if CJK_FAMILY not in fontManager.get_font_names():
        fontManager.addfont(path)
    return [TEXT_FAMILY, CJK_FAMILY]


def _measure_title(run: Run) -> float:
    return measure_width(run, _TITLE_POINTS) / 72


def _write_head(figure: Figure, chart: Chart, stretch: Stretch, top: float, legend_rows: int) -> float:
    """Write what a chart is and what its colours mean; return where its plot area begins."""
    width, height = figure.get_size_inches()
    left, line = _LEFT / width, (top - 0.17) / height
    _write(figure, left, line, chart.title, fontsize=_HEAD_POINTS, va="baseline", weight="bold")
    # The bold letters are about a tenth wider than those that are measured.
    indent = _LEFT + 1.1 * measure_width(Run("text", chart.title), _HEAD_POINTS) / 72 + 0.12
    if indent + measure_width(Run("text", chart.explanation), _SMALL_POINTS) / 72 < width - _RIGHT:
        _write(figure, indent / width, line, chart.explanation, va="baseline", color=MUTED)
    if chart.key == "spectrogram":
        _draw_key(figure, top, "sound", *charts.describe_range())
    if chart.key == "heat-map":
        remark = "blank: silence" if stretch.analysis.silent.any() else ""
        _draw_key(figure, top, "probability", "0 %", "100 %", remark)
    if chart.key == "intensity":
        _draw_legend(figure, stretch, top - _HEAD)
        return top - _HEAD - _LEGEND_ROW * legend_rows
    return top - _HEAD


def _draw_key(figure: Figure, top: float, ramp: str, lowest: str, highest: str, remark: str = "") -> None:
    """A strip at the right that tells what the colours of a picture mean."""
    width, height = figure.get_size_inches()
    if width < 5:
        return
    right = width - _RIGHT - (0.95 if remark else 0.0)
    if remark:
        _write(figure, (width - _RIGHT) / width, (top - 0.17) / height, remark, va="baseline", ha="right", color=MUTED)
    _write(figure, right / width, (top - 0.17) / height, highest, va="baseline", ha="right", color=MUTED)
    left = right - 0.42 - 0.9
    strip = figure.add_axes((left / width, (top - 0.17) / height, 0.9 / width, 0.09 / height))
    strip.imshow(charts.colour_steps(ramp), aspect="auto", interpolation="none")
    strip.set_axis_off()
    _write(figure, (left - 0.05) / width, (top - 0.17) / height, lowest, va="baseline", ha="right", color=MUTED)


def _count_legend_rows(stretch: Stretch, width: float) -> int:
    n_columns = max(1, int((width - _LEFT - _RIGHT) / _LEGEND_COLUMN))
    return max(1, -(-len(charts.choose_lines(stretch.timeline)) // n_columns))


def _draw_legend(figure: Figure, stretch: Stretch, top: float) -> None:
    from matplotlib.lines import Line2D

    width, height = figure.get_size_inches()
    n_columns = max(1, int((width - _LEFT - _RIGHT) / _LEGEND_COLUMN))
    for k, code in enumerate(charts.choose_lines(stretch.timeline)):
        x = _LEFT + _LEGEND_COLUMN * (k % n_columns)
        y = (top - 0.07 - _LEGEND_ROW * (k // n_columns)) / height
        ends = [x / width, (x + 0.3) / width]
        figure.add_artist(Line2D(ends, [y, y], **charts.line_style(code)))
        _write(figure, (x + 0.36) / width, y, instrument_by_code(code).name, va="center_baseline")


def _write(owner: Figure | Axes, x: float, y: float, text: str, **style: Any) -> Any:
    """Text as it is: a dollar sign is no formula."""
    settings: dict[str, Any] = {"fontsize": _SMALL_POINTS, "color": TEXT, "family": TEXT_FAMILY, **style}
    return owner.text(x, y, text, parse_math=False, **settings)
