"""The Export tab: every format of the registry, with a look at what will be in the file."""

from __future__ import annotations

import asyncio
import io
import threading
import zipfile
from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import ipywidgets as widgets
import traitlets

from ..config import DecodingConfig
from ..errors import ExportError
from ..export import FORMATS, ExportFormat, format_by_key
from ..export.names import name_files
from ..plotting import CHART_KEYS, ImageConfig
from ..plotting.image_config import LARGEST_PIXELS, SMALLEST_PIXELS
from ..results import Analysis
from ..wording import escape_unprintable, format_size
from .buttons import DownloadButton
from .jobs import in_worker
from .panels import show
from .state import AppState, as_state
from .styles import Styles

PREVIEW_CHARACTERS = 1_500
REST_SECONDS = 0.15
PREVIEW_LINES = 24
Download = tuple[str, str, bytes]
_drawing = threading.Lock()  # matplotlib's settings belong to all threads


class ExportView(widgets.VBox):
    """Choose a format, see what it holds, save it; several recordings as one zip.

    Parameters
    ----------
    source : Analysis or AppState

    Attributes
    ----------
    format : ipywidgets.ToggleButtons
        Key of the chosen format.
    image : ImageControls
        Which chart and how large; shown for images only.
    preview : ipywidgets.HTML
        The beginning of the file.
    save, save_all : DownloadButton
    is_on_show : bool
        While it is not, no preview is made: for a long recording that takes longer than a slider may wait.
    """

    is_on_show = traitlets.Bool(True)

    def __init__(self, source: Analysis | AppState) -> None:
        self._state = as_state(source)
        self.format = widgets.ToggleButtons(options=[(one.title, one.key) for one in FORMATS])
        self.format.add_class("in-formats")
        self.image = ImageControls()
        self.summary = widgets.HTML()
        self.preview = widgets.HTML()
        self.save = DownloadButton("Save", self._make_file_aside)
        self.save_all = DownloadButton("Save all, every format (zip)", self._make_zip_aside)
        actions = widgets.HBox([self.save, self.save_all])
        actions.add_class("in-actions")
        own_styles = [] if isinstance(source, AppState) else [Styles()]
        super().__init__([self.format, self.summary, self.image, actions, self.preview, *own_styles])
        self.add_class("instrunet")
        self.add_class("in-export")
        self.format.observe(self._draw, "value")
        self.observe(self._draw, "is_on_show")
        self._state.observe(self._draw_soon, ["reading", "recordings"])
        self._pending: asyncio.TimerHandle | None = None
        self._draw()

    @property
    def _chosen(self) -> ExportFormat:
        return format_by_key(self.format.value)

    def _get_analyses(self) -> list[Analysis]:
        found = [recording.analysis for recording in self._state.recordings if recording.analysis is not None]
        reading = self._state.reading
        return found or ([reading.analysis] if reading else [])

    def make_file(self) -> Download:
        """Name, media type and content of the file for the recording on show.

        Raises
        ------
        ExportError
            If there is no finished result, or the format cannot hold it.
        """
        return self._plan_file()()

    async def _make_file_aside(self) -> Download:
        return await in_worker(partial(_draw_alone, self._plan_file()))

    async def _make_zip_aside(self) -> Download:
        """A zip of one file per recording, in every format, and one table of all."""
        return await in_worker(partial(_draw_alone, self._plan_zip()))

    def _plan_file(self) -> Callable[[], Download]:
        """What `make_file` does, with the state of the moment: the rest may happen on another thread."""
        reading = self._state.reading
        if reading is None or reading.is_partial:
            raise ExportError("There is no finished result to save yet; analyse a recording first.")
        chosen, analysis = self._chosen, reading.analysis
        encode = partial(_encode, chosen, analysis, self._state.decoding, self.image.config)
        (name,) = name_files([analysis.audio_name], chosen.extension)
        return lambda: (name, chosen.media_type, encode())

    def _plan_zip(self) -> Callable[[], Download]:
        analyses = self._get_analyses()
        if not analyses:
            raise ExportError("There is no finished result to save yet; analyse a recording first.")
        write = partial(_write_zip, analyses, self._state.decoding, self.image.config)
        return lambda: ("instrunet-results.zip", "application/zip", write())

    def _draw_soon(self, _: Any = None) -> None:
        """Preview when the settings have come to rest; at once where no event loop runs."""
        self._arrange()
        if self._pending is not None:
            self._pending.cancel()
        try:
            self._pending = asyncio.get_running_loop().call_later(REST_SECONDS, self._show_file)
        except RuntimeError:
            self._show_file()

    def _draw(self, _: Any = None) -> None:
        self._arrange()
        self._show_file()

    def _arrange(self) -> None:
        show(self.save_all, len(self._get_analyses()) > 1)
        show(self.image, self._chosen.is_image)

    def _show_file(self) -> None:
        reading = self._state.reading
        if reading is None or reading.is_partial or not self.is_on_show:
            return
        chosen = self._chosen
        if not chosen.is_text:  # drawing it takes a moment: not for every move of a slider
            self.summary.value = f"<p class='in-note'>{escape(chosen.description)}</p>"
            self.preview.value = "<p class='in-note'>This format has no preview.</p>"
            return
        name, _, content = self.make_file()
        self.summary.value = (
            f"<p class='in-note'>{escape(chosen.description)}</p>"
            f"<p><span class='in-file'>{escape(name)}</span> · {format_size(len(content))}</p>"
        )
        self.preview.value = _draw_preview(content)


class ImageControls(widgets.HBox):
    """Which chart an image shows and how many pixels it has.

    Attributes
    ----------
    chart : ipywidgets.Dropdown
        One of `instrunet_widgets.plotting.CHART_KEYS`.
    width, height : ipywidgets.BoundedIntText
        Pixels.
    """

    def __init__(self) -> None:
        defaults = ImageConfig()
        charts = [(key.replace("-", " ").capitalize(), key) for key in CHART_KEYS]
        self.chart = widgets.Dropdown(options=[("All charts", "all"), *charts[1:]], description="Chart")
        limits = {"min": SMALLEST_PIXELS, "max": LARGEST_PIXELS}
        self.width = widgets.BoundedIntText(defaults.width, **limits, description="Width, px")
        self.height = widgets.BoundedIntText(defaults.height, **limits, description="Height, px")
        super().__init__([self.chart, self.width, self.height])
        self.add_class("in-actions")

    @property
    def config(self) -> ImageConfig:
        """What is chosen."""
        return ImageConfig(self.chart.value, self.width.value, self.height.value)


def _draw_alone(work: Callable[[], Download]) -> Download:
    with _drawing:
        return work()


def _encode(chosen: ExportFormat, analysis: Analysis, config: DecodingConfig, image: ImageConfig) -> bytes:
    return chosen.encode(analysis, config, *([image] if chosen.is_image else []))


def _write_zip(analyses: list[Analysis], config: DecodingConfig, image: ImageConfig) -> bytes:
    names = [analysis.audio_name for analysis in analyses]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in FORMATS:
            for name, analysis in zip(name_files(names, one.extension), analyses, strict=True):
                archive.writestr(f"{one.key}/{name}", _encode(one, analysis, config, image))
            if one.encode_many is not None:
                archive.writestr(f"all{one.extension}", one.encode_many(analyses, config))
    return content.getvalue()


def _draw_preview(content: bytes) -> str:
    try:
        text = content[: PREVIEW_CHARACTERS * 4].decode()
    except UnicodeDecodeError as error:
        if error.end < PREVIEW_CHARACTERS * 4 - 4:  # not a character cut in two, but a binary file
            return "<p class='in-note'>This format has no preview.</p>"
        text = content[: error.start].decode()
    lines = text[:PREVIEW_CHARACTERS].split("\n")[:PREVIEW_LINES]
    shown = escape("\n".join(escape_unprintable(line.rstrip("\r")) for line in lines))
    more = "\n…" if len(text) > sum(map(len, lines)) + len(lines) else ""
    return f"<pre class='in-preview' tabindex='0' aria-label='Beginning of the file'>{shown}{more}</pre>"
