"""A server of ssh for tests: ``python ssh_server.py FOLDER``. It lets one key in and runs commands as sshd does, with a home of its own.

FOLDER holds ``host_key`` and ``user_key.pub``; the port goes to ``port``, and commands run in ``home``. As with sshd, where a connection
ends the commands are not killed: their input ends, and what they write fails.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import asyncssh

CHUNK = 65536


async def copied(reader: object, writer: object) -> None:
    """Bytes from one to the other, then the end."""
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    except (OSError, asyncssh.Error):
        pass


async def run(channel: asyncssh.SSHServerProcess, home: Path) -> None:
    """A command, in the shell of the user."""
    command = ["sh", "-c", channel.command] if channel.command else ["sh"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=home, env={**os.environ, "HOME": str(home)}, start_new_session=True
    )

    async def fed() -> None:
        await copied(channel.stdin, process.stdin)
        process.stdin.close()

    feeding = asyncio.ensure_future(fed())
    await asyncio.gather(copied(process.stdout, channel.stdout), copied(process.stderr, channel.stderr))
    status = await process.wait()
    feeding.cancel()
    channel.exit(status if status >= 0 else 128 - status)


async def serve(folder: Path) -> None:
    """Until the standard input ends."""

    async def handle(channel: asyncssh.SSHServerProcess) -> None:
        await run(channel, folder / "home")

    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[str(folder / "host_key")], authorized_client_keys=str(folder / "user_key.pub"), process_factory=handle, encoding=None
    )
    (folder / "port.part").write_text(str(server.get_port()))
    (folder / "port.part").replace(folder / "port")
    await asyncio.to_thread(os.read, 0, 1)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
