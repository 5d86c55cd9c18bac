"""The kernels behind the page: one for each visitor, gone when the page is closed.

A kernel that was started ahead has run the notebook's cells; it belongs to nobody and holds nobody's data, and nobody
can reach it until it is claimed.
"""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from traitlets import Float, Instance, Int, List, Unicode, default

from .cells import run_cells
from .kernel_folders import FolderKernels
from .kernel_program import KERNEL_NAME
from .logs import LOGGER_NAME
from .ownership import Owner, Place, Places, SessionEndedError

SIGNED_OUT = 4401  # close codes from 4000 on are free for applications
GOING_AWAY = 1001

_log = logging.getLogger(LOGGER_NAME)
_MOST_DOUBLINGS = 5


class VisitorKernels(FolderKernels):
    """Gives each visitor a kernel that nobody has had, and knows whose it is.

    `n_spares` of them are started ahead. A kernel ends with its last page, with its session, or with the server.
    """

    n_spares = Int(1, help="how many kernels are started ahead, for the next visitors").tag(config=True)
    first_page_seconds = Float(180.0, help="how long at least a kernel waits for its page").tag(config=True)
    spare_delay = Float(8.0, help="seconds between a visitor and the next spare kernel").tag(config=True)

    notebook = Instance(Path, help="its cells are the app")
    places = Instance(Places, help="how many kernels there may be")
    _turns = Instance(asyncio.Semaphore)
    _spares = List(Unicode())

    _preparing: asyncio.Future[None] | None = None
    _timer: asyncio.TimerHandle | None = None  # until a kernel is started ahead
    _is_closed = False
    _n_failures = 0  # of kernels that should wait for a visitor, in a row

    @default("_turns")
    def _default_turns(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(max(2, os.cpu_count() or 2))

    @default("places")
    def _default_places(self) -> Places:
        return Places(n_places=40, n_per_user=40)

    async def take_kernel(self, owner: Owner) -> str:
        """Give a kernel that no visitor has had: the spare one, or a new one.

        Visitors take turns, as many at a time as there are processors; `end_turn` lets the next one in. So when many
        come at once, the first ones see the app soon, instead of all of them late.

        Parameters
        ----------
        owner : Owner
            Whose it is from now on.

        Returns
        -------
        kernel_id : str

        Raises
        ------
        NoPlaceError
            If there are as many kernels as there may be.
        SessionEndedError
            If the owner has signed out in the meantime.
        """
        if self.places.is_full_for(owner):
            await self._end_lost(owner)
        place = self.places.take(owner)
        try:
            await self._turns.acquire()
            try:
                kernel_id = await self._take_spare() or await self.start_kernel(kernel_name=KERNEL_NAME)
                if place not in self.places:
                    self._spares.append(kernel_id)  # nobody has had it
                    raise SessionEndedError
                self._claim(kernel_id, place)
            except BaseException:
                self.end_turn()
                raise
        except BaseException:
            self.places.free(place)
            raise
        if not self._is_preparing:  # or the next pause follows by itself
            self._pause()
        return kernel_id

    def end_turn(self) -> None:
        """Let the next visitor's kernel start: the app of this one is there, or will not come."""
        self._turns.release()

    def _claim(self, kernel_id: str, place: Place) -> None:
        kernel: Any = self.get_kernel(kernel_id)
        kernel.place = place
        self._note_activity(kernel_id)
        _log.info("kernel %s: for %s", kernel_id, place.owner.username)

    async def _end_lost(self, owner: Owner) -> None:
        """End kernels of a user whose pages were lost, as after a crash of the browser, to make room."""
        for kernel_id in self.list_kernel_ids():
            kernel: Any = self._kernels.get(kernel_id)
            found = self.find_owner(kernel_id)
            was_lost = getattr(kernel, "had_page", False) and not self._kernel_connections.get(kernel_id)
            if found and found.username == owner.username and was_lost:
                await self.shutdown_kernel(kernel_id, now=True)

    def find_owner(self, kernel_id: str) -> Owner | None:
        """Give the owner of a kernel; None if it has none, or is not there."""
        place = getattr(self._kernels.get(kernel_id), "place", None)
        return place.owner if place else None

    def is_owner(self, kernel_id: str, owner: Owner) -> bool:
        """Whether a kernel belongs to somebody: to this very session."""
        found = self.find_owner(kernel_id)
        return found is not None and found == owner

    def end_session(self, session: str) -> None:
        """End all kernels of a session, at once and with their files; called when somebody has signed out."""
        self.places.free_session(session)
        for kernel_id in self.list_kernel_ids():
            owner = self.find_owner(kernel_id)
            if owner is not None and owner.session == session:
                kernel: Any = self.get_kernel(kernel_id)
                kernel.was_signed_out = True
                self._close_pages(kernel_id, SIGNED_OUT, "signed out")
                self._ending = asyncio.ensure_future(self.shutdown_kernel(kernel_id, now=True))

    def add_page(self, kernel_id: str, page: Any) -> None:
        """Note the websocket of a page, to be closed when its kernel ends."""
        kernel: Any = self.get_kernel(kernel_id)
        kernel.pages = {*getattr(kernel, "pages", ()), page}

    def count_pages(self, kernel_id: str) -> int:
        """Give how many websockets a kernel has."""
        return len(getattr(self._kernels.get(kernel_id), "pages", ()))

    def remove_page(self, kernel_id: str, page: Any) -> None:
        """Forget the websocket of a page."""
        kernel: Any = self._kernels.get(kernel_id)
        if kernel is not None:
            kernel.pages = getattr(kernel, "pages", set()) - {page}

    def close_all_pages(self) -> None:
        """Tell all pages that the server stops, and prepare no more kernels."""
        self._is_closed = True
        for kernel_id in self.list_kernel_ids():
            self._close_pages(kernel_id, GOING_AWAY, "the server stops")

    def _close_pages(self, kernel_id: str, code: int, reason: str) -> None:
        for page in tuple(getattr(self._kernels.get(kernel_id), "pages", ())):
            page.close(code, reason)

    def prepare_spare(self) -> None:
        """Start a kernel for the next visitor, and later another, until there are as many as there should be.

        One at a time and with pauses, so that those who use their kernels notice nothing; where the app does not
        start, each pause is twice as long as the last, up to some minutes.
        """
        self._timer = None
        if self._is_preparing or self.places.is_full or self._is_closed or len(self._spares) >= self.n_spares:
            return
        self._preparing = asyncio.ensure_future(self._start_spare())

    @property
    def _is_preparing(self) -> bool:
        return self._preparing is not None and not self._preparing.done()

    def _pause(self) -> None:
        """Prepare a kernel later; only one such timer runs, however many visitors come meanwhile."""
        if self._timer is None:
            delay = self.spare_delay * 2 ** min(self._n_failures, _MOST_DOUBLINGS)
            self._timer = asyncio.get_running_loop().call_later(delay, self.prepare_spare)

    async def _start_spare(self) -> None:
        if not self._turns.locked():
            kernel_id = await self.start_kernel(kernel_name=KERNEL_NAME)
            try:
                await self.show_app(kernel_id)
                self._spares.append(kernel_id)
                self._n_failures = 0
            except Exception as error:
                is_first = self._n_failures == 0  # or the log would fill with the same lines
                self._n_failures += 1
                _log.error(
                    "kernel %s: the app could not be started ahead: %s", kernel_id, error, exc_info=is_first and error
                )
                await self.end_kernel(kernel_id)
        self._pause()

    async def show_app(self, kernel_id: str) -> list[dict[str, Any]]:
        """Run the notebook's cells in a kernel, unless that was done ahead, and give what they display.

        Returns
        -------
        outputs : list of dict
            As `run_cells`, which may raise.
        """
        kernel: Any = self.get_kernel(kernel_id)
        if not hasattr(kernel, "outputs"):
            kernel.outputs = await run_cells(self.notebook, kernel)
        return list(kernel.outputs)

    async def end_kernel(self, kernel_id: str) -> None:
        """End a kernel, if it has not ended already."""
        if kernel_id in self:
            await asyncio.shield(self.shutdown_kernel(kernel_id, now=True))

    async def _take_spare(self) -> str | None:
        while self._spares:
            kernel_id = self._spares.pop(0)
            if kernel_id in self and await self.is_alive(kernel_id):
                return kernel_id
        return None

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel whose page was lost, or never came."""
        kernel: Any = self.get_kernel(kernel_id)
        waited = (datetime.now(UTC) - kernel.last_activity).total_seconds()
        is_expected = not getattr(kernel, "had_page", False) and waited < self.first_page_seconds
        if kernel_id not in self._spares and not is_expected:
            await super().cull_kernel_if_idle(kernel_id)

    def notify_connect(self, kernel_id: str) -> None:
        """Note that a page has come."""
        super().notify_connect(kernel_id)
        if kernel_id in self:
            kernel: Any = self.get_kernel(kernel_id)
            kernel.had_page = True

    async def _async_shutdown_kernel(
        self, kernel_id: str, now: bool | None = False, restart: bool | None = False
    ) -> None:
        # one that no page has seen has nothing to put in order, and may not be ready to be asked
        had_page = getattr(self._kernels.get(kernel_id), "had_page", False)
        await super()._async_shutdown_kernel(kernel_id, now=now or not had_page, restart=restart)

    shutdown_kernel = _async_shutdown_kernel  # type: ignore[assignment]

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that has ended."""
        self._close_pages(kernel_id, GOING_AWAY, "the kernel has ended")
        kernel = super().remove_kernel(kernel_id)
        _log.info("kernel %s: ended", kernel_id)
        self.places.free(getattr(kernel, "place", None))
        return kernel

    def notify_disconnect(self, kernel_id: str) -> None:
        """Count the time without a page from now on, not from the kernel's last message."""
        super().notify_disconnect(kernel_id)
        if kernel_id in self:
            self._note_activity(kernel_id)

    def _note_activity(self, kernel_id: str) -> None:
        kernel: Any = self.get_kernel(kernel_id)
        kernel.last_activity = datetime.now(UTC)
