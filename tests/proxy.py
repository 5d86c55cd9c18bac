"""A small reverse proxy: passes on bytes, and says in `X-Forwarded` headers whose they are."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from running import find_free_port


@contextmanager
def run_proxy(target_port: int, *, source: str = "127.0.0.2", protocol: str = "https") -> Iterator[int]:
    """Run a proxy in a thread until the block ends; gives its port.

    Parameters
    ----------
    target_port : int
    source : str
        The proxy's own IP address, as the server sees it.
    protocol : str
        What it says that visitors use.
    """
    port, loop = find_free_port(), asyncio.new_event_loop()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await reader.read(65_536):
                writer.write(part)
                await writer.drain()
        with suppress(OSError):
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        first, rest = head.split(b"\r\n", 1)
        known = [line for line in rest.split(b"\r\n") if line.lower().startswith(b"x-forwarded-for:")]
        chain = b", ".join([*(line.split(b":", 1)[1].strip() for line in known), b"192.0.2.7"])
        kept = [line for line in rest.split(b"\r\n") if line not in known]
        ours = [b"X-Forwarded-For: " + chain, b"X-Forwarded-Proto: " + protocol.encode()]
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", target_port, local_addr=(source, 0))
        other_writer.write(b"\r\n".join([first, *ours, *kept]))
        await asyncio.gather(pump(reader, other_writer), pump(other_reader, writer))

    async def run() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", port):
            started.set()
            await stop.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    started, stop = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    assert started.wait(60)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
