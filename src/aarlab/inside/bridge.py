"""Loopback ports for a program in a sandbox that knows URLs only: each leads to a socket of the sandbox.

`python -m aarlab.inside.bridge --port 8801=/sock/model.sock --input prompt.md -- program argument...` listens, runs the
program with the file as its input, and ends with the program's exit status. Bytes go to and fro unread.
"""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

HOST = "127.0.0.1"
NOT_FOUND = 127
"""Exit status where there is no such program, as a shell gives it."""
_CHUNK = 1 << 16


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status of the program, 128 + n for a signal."""
    parser = argparse.ArgumentParser(prog="python -m aarlab.inside.bridge", description="Runs a program with ports.")
    parser.add_argument("--port", action="append", default=[], type=_port, metavar="PORT=SOCKET", dest="ports")
    parser.add_argument("--input", type=Path, default=Path("/dev/null"), metavar="FILE")
    parser.add_argument("program", nargs="+")
    options = parser.parse_args(arguments)
    try:
        return asyncio.run(_serve(options.ports, options.program, given=options.input))
    except OSError as error:
        sys.stderr.write(f"bridge: {error.filename or options.program[0]}: {error.strerror}\n")
        return NOT_FOUND


async def _serve(ports: Sequence[tuple[int, Path]], program: Sequence[str], *, given: Path) -> int:
    open = set[asyncio.Task[None]]()

    def accept(to: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_carry(reader, writer, to=to))
        open.add(task)
        task.add_done_callback(open.discard)

    with contextlib.ExitStack() as stack:
        for port, socket in ports:
            server = await asyncio.start_server(partial(accept, socket), HOST, port)
            stack.callback(server.close)
        with given.open("rb") as stream:
            child = await asyncio.create_subprocess_exec(*program, stdin=stream)
        status = await child.wait()
    return status if status >= 0 else 128 - status


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to: Path) -> None:
    """One connection; where nobody listens at the socket it is closed, as a port would be."""
    try:
        inner_reader, inner_writer = await asyncio.open_unix_connection(to)
    except OSError:
        writer.close()
        return
    await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    for end in (writer, inner_writer):
        end.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All bytes of one direction, then its end; a side that has gone ends both."""
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


def _port(text: str) -> tuple[int, Path]:
    port, _, socket = text.partition("=")
    return int(port), Path(socket)


if __name__ == "__main__":
    raise SystemExit(main())
