"""The Export tab: every format of the registry, with a look at what will be in the file."""

from __future__ import annotations

import io
import zipfile
from html import escape
from typing import Any

import ipywidgets as widgets

from ..errors import ExportError
from ..export import FORMATS, ExportFormat, format_by_key
from ..export.names import name_files
from ..plotting import CHART_KEYS, ImageConfig
from ..plotting.image_config import LARGEST_PIXELS, SMALLEST_PIXELS
from ..results import Analysis
from ..wording import escape_unprintable, format_size
from .buttons import DownloadButton
from .panels import show
from .state import AppState, as_state

PREVIEW_CHARACTERS = 1_500
PREVIEW_LINES = 24
Download = tuple[str, str, bytes]


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
    """

    def __init__(self, source: Analysis | AppState) -> None:
        self._state = as_state(source)
        self.format = widgets.ToggleButtons(options=[(one.title, one.key) for one in FORMATS])
        self.format.add_class("in-formats")
        self.image = ImageControls()
        self.summary = widgets.HTML()
        self.preview = widgets.HTML()
        self.save = DownloadButton("Save", self.make_file)
        self.save_all = DownloadButton("Save all as zip", self.make_zip)
        actions = widgets.HBox([self.save, self.save_all])
        actions.add_class("in-actions")
        super().__init__([self.format, self.summary, self.image, actions, self.preview])
        self.add_class("instrunet")
        self.add_class("in-export")
        self.format.observe(self._draw, "value")
        self._state.observe(self._draw, ["reading", "recordings"])
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
        reading = self._state.reading
        if reading is None or reading.is_partial:
            raise ExportError("There is no finished result to save yet; analyse a recording first.")
        chosen = self._chosen
        (name,) = name_files([reading.analysis.audio_name], chosen.extension)
        return name, chosen.media_type, self._encode(chosen, reading.analysis)

    def make_zip(self) -> Download:
        """A zip of one file per recording, in every format, and one table of all.

        Raises
        ------
        ExportError
            If nothing has been analysed.
        """
        analyses, config = self._get_analyses(), self._state.decoding
        if not analyses:
            raise ExportError("There is no finished result to save yet; analyse a recording first.")
        names = [analysis.audio_name for analysis in analyses]
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for one in FORMATS:
                for name, analysis in zip(name_files(names, one.extension), analyses, strict=True):
                    archive.writestr(f"{one.key}/{name}", self._encode(one, analysis))
                if one.encode_many is not None:
                    archive.writestr(f"all{one.extension}", one.encode_many(analyses, config))
        return "instrunet-results.zip", "application/zip", content.getvalue()

    def _encode(self, chosen: ExportFormat, analysis: Analysis) -> bytes:
        return chosen.encode(analysis, self._state.decoding, *([self.image.config] if chosen.is_image else []))

    def _draw(self, _: Any = None) -> None:
        reading = self._state.reading
        n_done = len(self._get_analyses())
        show(self.save_all, n_done > 1)
        show(self.image, self._chosen.is_image)
        if reading is None or reading.is_partial:
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
