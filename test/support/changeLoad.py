"""Connections while policies change: a server in one namespace, a client in another.

  changeLoad.py CLIENT_NETNS SERVER_NETNS SERVER_ADDRESS [RATE]

Opens RATE connections a second, 200 by default, to port 80, 50 to port 81, and holds one on port 80
that says something twenty times a second. Ends with its input, and prints what happened as JSON:
`slow` are connections to port 80 that took longer than a lost SYN takes to be sent again, `gap` is
the longest time between two that came about, `leaked` are frames for port 81 that reached the
server.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import socket
import sys
import time

CLONE_NEWNET = 0x40000000
RATE, FORBIDDEN_SECONDS, HELD_SECONDS = 200, 1 / 50, 0.05
# Linux sends a SYN again after one second.
SLOW_SECONDS = 0.9
IPV4 = 0x0800


def enter(netns: str) -> None:
    """Moves this process into a network namespace."""
    handle = os.open(f"/run/netns/{netns}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns {netns}")
    os.close(handle)


def sniffer() -> socket.socket:
    """A socket that sees every frame of this namespace."""
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4))
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 20)
    link.setblocking(False)
    return link


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says back what it hears."""
    try:
        while data := await reader.read(4096):
            writer.write(data)
    except OSError:
        pass
    writer.close()


async def serve(address: str) -> None:
    """Listens on the allowed and on the forbidden port."""
    for port in (80, 81):
        await asyncio.start_server(echo, address, port, backlog=1024)
    print("ready", flush=True)
    await asyncio.Event().wait()


class Load:
    """The client's connections and what became of them."""

    def __init__(self, address: str, rate: int) -> None:
        """Nothing has happened yet."""
        self.address, self.rate = address, rate
        self.gap, self.last = 0.0, time.monotonic()
        self.opened = self.forbidden = self.said = 0
        self.slow: list[float] = []
        self.failed: list[str] = []
        self.held = ""
        self.tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """One connection that must come about."""
        begin = time.monotonic()
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(self.address, 80), 5)
            writer.close()
        except (OSError, TimeoutError) as error:
            self.failed.append(repr(error))
            return
        now = time.monotonic()
        self.opened += 1
        self.gap, self.last = max(self.gap, round(now - self.last, 3)), now
        if (took := now - begin) > SLOW_SECONDS:
            self.slow.append(round(took, 2))

    async def forbid(self) -> None:
        """One connection that must not."""
        self.forbidden += 1
        try:
            await asyncio.wait_for(asyncio.open_connection(self.address, 81), 0.3)
        except (OSError, TimeoutError):
            return
        self.failed.append("port 81 answered")

    async def hold(self) -> None:
        """One connection that must live through everything."""
        reader, writer = await asyncio.open_connection(self.address, 80)
        while True:
            writer.write(b"x")
            begin = time.monotonic()
            try:
                heard = await asyncio.wait_for(reader.read(1), 5)
            except (OSError, TimeoutError) as error:
                self.held = repr(error)
                return
            # A lost packet of a running connection is sent again after 200 ms at the earliest.
            if heard != b"x" or time.monotonic() - begin > SLOW_SECONDS:
                self.held = f"answer after {time.monotonic() - begin:.2f} s"
            self.said += 1
            await asyncio.sleep(HELD_SECONDS)

    async def every(self, seconds: float, act: str) -> None:
        """Does something at a steady rate, however long each takes."""
        due = time.monotonic()
        while True:
            task = asyncio.create_task(getattr(self, act)())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
            due += seconds
            await asyncio.sleep(max(0, due - time.monotonic()))

    async def run(self) -> None:
        """Until the input ends; begins when the way is known to be there."""
        _, writer = await asyncio.open_connection(self.address, 80)
        writer.close()
        print("ready", flush=True)
        self.last = time.monotonic()
        work = [
            asyncio.create_task(job)
            for job in (
                self.every(1 / self.rate, "open"),
                self.every(FORBIDDEN_SECONDS, "forbid"),
                self.hold(),
            )
        ]
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for job in work:
            job.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def leaked_frames(link: socket.socket) -> int:
    """How many of the frames seen were for the forbidden port."""
    count = 0
    while True:
        try:
            frame = link.recv(65536)
        except BlockingIOError:
            return count
        count += frame[23] == 6 and frame[36:38] == (81).to_bytes(2, "big")


def main() -> None:
    """Runs server and client."""
    client, server, address, *rate = sys.argv[1:]
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        enter(server)
        os.dup2(write, 1)
        asyncio.run(serve(address))
    os.read(read, 6)
    enter(server)
    # Only the server's host sees frames here: what was dropped on the way never arrives.
    link = sniffer()
    enter(client)
    load = Load(address, int(rate[0]) if rate else RATE)
    leaks = 0

    async def work() -> None:
        nonlocal leaks
        running = asyncio.create_task(load.run())
        while not running.done():
            leaks += leaked_frames(link)
            await asyncio.sleep(0.05)
        await running

    asyncio.run(work())
    os.kill(child, signal.SIGKILL)
    leaks += leaked_frames(link)
    kept = ("opened", "forbidden", "said", "gap", "slow", "failed", "held")
    print(json.dumps({**{name: getattr(load, name) for name in kept}, "leaked": leaks}))


if __name__ == "__main__":
    main()
