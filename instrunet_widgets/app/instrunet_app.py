"""`InstruNetApp`: all views and actions put together into one widget."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
import threading
import weakref
from importlib import import_module
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from ..config import DecodingConfig
from ..errors import AudioError
from ..results import Analysis, Timeline
from .buttons import Heartbeat
from .controller import Controller
from .export_tab import ExportView
from .file_table import FileTable
from .limits import PageLimits
from .panels import ActionPanel, ExamplePicker, MessagePanel, RowWriter, TrackHeading, show
from .player import Player
from .results_tab import ResultsView
from .settings import SettingsPanel
from .state import AppState
from .styles import STATIC, Shell, Styles
from .uploader import UploadedFile, Uploader

INTRODUCTION = (STATIC / "introduction.html").read_text(encoding="utf-8")  # the server shows it while it starts
_LOAD_AHEAD_AFTER = 1.5  # s: first the page is drawn
# What the first analysis needs, loaded while the user still looks for a file.
_LOADED_AHEAD = (
    *(f"instrunet_widgets.{name}" for name in ("pipeline", "classifier", "onnx_runtime")),
    "bqplot",
)


class InstruNetApp(widgets.VBox):
    """The app: drop a recording, analyse it, see, hear and adjust the result, save it.

    Parameters
    ----------
    audio : str or Path, optional
        A recording, or a saved analysis (JSON), to open at once.

    Raises
    ------
    AudioError
        If there is no file at `audio`.

    Attributes
    ----------
    state : AppState
    controller : Controller

    Examples
    --------
    >>> app = InstruNetApp(audio="music.mp3")  # doctest: +SKIP
    >>> app.timeline.detected  # doctest: +SKIP
    ('pia', 'vio')
    """

    def __init__(self, audio: str | Path | None = None) -> None:
        self.state = AppState()
        limits = PageLimits.from_environment()
        self.controller = Controller(self.state, max_analysis_seconds=limits.analysis_seconds)
        self.folder = Path(tempfile.mkdtemp(prefix="instrunet-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self._build(limits)
        self._connect()
        super().__init__([Styles(), Shell(), self.heartbeat, self._body])
        for name in ("instrunet", "instrunet-app"):
            self.add_class(name)
        self._arrange()
        if audio is not None:
            self.open_file(audio)

    def __repr__(self) -> str:
        return f"InstruNetApp({self.analysis or ''})"  # that of ipywidgets writes out all that is inside

    # -- for exploratory work ------------------------------------------------------------------------------------

    @property
    def analysis(self) -> Analysis | None:
        """The analysis on show; None before there is one, and while it is still running."""
        reading = self.state.reading
        return None if reading is None or reading.is_partial else reading.analysis

    @property
    def timeline(self) -> Timeline | None:
        """The analysis on show, read with the settings of the moment."""
        reading = self.state.reading
        return None if reading is None or reading.is_partial else reading.timeline

    @property
    def decoding(self) -> DecodingConfig:
        """The settings; assign another `DecodingConfig` and the page follows."""
        return self.state.decoding

    @decoding.setter
    def decoding(self, config: DecodingConfig) -> None:
        self.state.decoding = config

    def open_file(self, audio: str | Path) -> None:
        """Open a recording, or a saved analysis, that is on the kernel's disk.

        Raises
        ------
        AudioError
            If there is no such file.
        """
        path = Path(audio).expanduser()
        if not path.is_file():
            raise AudioError(f"{path} was not found, or is no file; check the name.")
        self.controller.add_file(f"file-{secrets.token_hex(8)}", path.name, path, path.stat().st_size)

    def close(self) -> None:
        """Stop what is running, delete the uploads and remove the app from the page."""
        if hasattr(self, "_body"):
            self.controller.cancel()
            self.player.close()
            self.uploader.close()
            shutil.rmtree(self.folder, ignore_errors=True)
        super().close()

    # -- putting it together -------------------------------------------------------------------------------------

    def _build(self, limits: PageLimits) -> None:
        state, controller = self.state, self.controller
        self.uploader = Uploader(
            folder=self.folder, on_file=self._take, on_problem=self._refuse,
            max_bytes=limits.upload_bytes, max_stored_bytes=limits.stored_bytes,
        )  # fmt: skip
        self.player = Player(find_path=self._find_path)
        self.heartbeat = Heartbeat()
        self.settings = SettingsPanel(state)
        self.actions = ActionPanel(state, controller)
        self.messages = MessagePanel(state, controller)
        self.examples = ExamplePicker(self.open_file)
        self.table = FileTable(on_open=controller.select, on_remove=controller.remove)
        self._rows = RowWriter(state)
        self.heading = TrackHeading(state)
        self.results, self.export = ResultsView(state), ExportView(state)
        self.visualizations = widgets.VBox()
        self._charts: tuple[widgets.Widget, ...] = ()
        self.tabs = widgets.Tab(
            [self.results, self.visualizations, self.export], titles=("Results", "Visualizations", "Export")
        )
        self._introduction = widgets.HTML(INTRODUCTION)
        self._introduction.add_class("in-introduction")
        self.settings_toggle = widgets.ToggleButton(description="Settings", icon="")
        self.settings_toggle.add_class("in-drawer-button")
        self._side = widgets.VBox(
            [
                *(self._introduction, self.uploader, self.examples, self.messages),
                *(self.actions, self.settings_toggle, self.settings),
            ]
        )
        self._side.add_class("in-side")
        self._main = widgets.VBox([self.table, self.heading, self.player, self.tabs])
        self._main.add_class("in-main")
        self._body = widgets.Box([self._side, self._main])
        self._body.add_class("in-body")

    def _connect(self) -> None:
        self.state.observe(self._arrange, ["recordings", "selected", "reading"])
        self.state.observe(self._list_recordings, ["recordings", "selected", "activity", "decoding"])
        self.state.observe(self._load_sound, ["recordings", "selected"])
        self.state.observe(self._delete_removed, "recordings")
        self.settings_toggle.observe(self._open_drawer, "value")
        self.tabs.observe(self._draw_charts, "selected_index")
        self.tabs.observe(self._follow_tab, "selected_index")
        self._follow_tab()
        ahead = threading.Timer(_LOAD_AHEAD_AFTER, _load_ahead)
        ahead.daemon = True
        ahead.start()

    def _take(self, file: UploadedFile) -> None:
        self.controller.add_file(file.key, file.name, file.path, file.n_bytes)
        if all(recording.path != file.path for recording in self.state.recordings):  # a saved analysis: it is in memory
            self._delete(file.path)

    def _delete_removed(self, change: Any) -> None:
        for path in {old.path for old in change.old} - {new.path for new in change.new}:
            if path is not None and path.parent == self.folder:
                self._delete(path)

    def _delete(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink()

    def _refuse(self, name: str, sentence: str) -> None:
        self.controller.report("error", sentence)

    def _arrange(self, _: Any = None) -> None:
        """Show what has something to say."""
        state = self.state
        has_file, has_result = bool(state.recordings), state.reading is not None
        self.uploader.compact = has_file
        (self.remove_class if has_file else self.add_class)("in-empty")
        for widget, is_shown in (
            (self._introduction, not has_file),
            (self.settings_toggle, has_file),
            (self.settings, has_file),
            (self._main, has_file),
            (self.table, self._needs_table),
            (self.tabs, has_result),
        ):
            show(widget, is_shown)
        self._draw_charts()

    def _draw_charts(self, _: Any = None) -> None:
        """Build the charts when they are first looked at, and take them off while they are not.

        bqplot cannot lay out what is hidden.
        """
        is_looked_at = self.tabs.selected_index == self.tabs.children.index(self.visualizations)
        is_looked_at = is_looked_at and self.state.reading is not None
        if is_looked_at and not self._charts:
            from .charts import VisualizationsTab

            self._charts = (VisualizationsTab(self.state),)
        shown = self._charts if is_looked_at else ()
        if self.visualizations.children != shown:
            self.visualizations.children = shown

    def _follow_tab(self, _: Any = None) -> None:
        self.export.is_on_show = self.tabs.selected_index == self.tabs.children.index(self.export)

    @property
    def _needs_table(self) -> bool:
        """Several recordings, or one that failed and that the user may want to remove."""
        recordings = self.state.recordings
        return len(recordings) > 1 or any(recording.problem for recording in recordings)

    def _list_recordings(self, _: Any = None) -> None:
        if self._needs_table:
            self.table.rows = self._rows.write()
            self.table.current = self.state.selected

    def _find_path(self, key: str) -> Path | None:
        return next((found.path for found in self.state.recordings if found.key == key), None)

    def _load_sound(self, _: Any = None) -> None:
        recording = self.state.recording
        has_sound = recording is not None and recording.path is not None and not recording.problem
        with self.player.hold_sync():
            if recording is not None and recording.key != self.player.source_key:
                self.player.loop_start = self.player.loop_end = None
            self.player.source_key = recording.key if recording is not None and has_sound else ""
            self.player.duration = recording.analysis.duration if recording is not None and recording.analysis else 0.0
            lacks_file = recording is not None and recording.path is None
            self.player.hint = f"No sound: add {recording.name} to listen." if recording and lacks_file else ""

    def _open_drawer(self, change: Any) -> None:
        (self.settings.add_class if change.new else self.settings.remove_class)("is-open")


def _load_ahead() -> None:
    for name in _LOADED_AHEAD:
        import_module(name)
