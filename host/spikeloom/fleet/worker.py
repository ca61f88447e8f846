"""A worker with one board: the process behind ``spikeloom fleet worker`` and local clusters.

``python -m spikeloom.fleet.worker ADDRESS --board URL``
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spikeloom.extras import import_extra

from .keeper import let_go, own
from .supervising import worker_options

__all__ = ["CONNECT_S", "main"]

CONNECT_S = 30.0
"""How long a worker looks for its scheduler, in seconds."""
_UNREACHABLE = 4
"""Exit code when there is no scheduler."""


async def _serve(args: argparse.Namespace, folder: str) -> None:
    distributed = import_extra("distributed", "fleet", "a worker of a fleet")
    # Whoever started this process says what went wrong; the logs of dask would say it thrice.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    own(args.name, args.board)
    options = worker_options(args.name) | {"local_directory": folder, "dashboard": False}
    worker = await distributed.Worker(args.address, death_timeout=CONNECT_S, **options)
    Path(args.ready).touch()
    loop = asyncio.get_running_loop()
    leaving: list[asyncio.Task[Any]] = []
    if sys.platform != "win32":

        def leave() -> None:
            leaving.append(loop.create_task(worker.close(reason="terminated")))

        loop.add_signal_handler(signal.SIGTERM, leave)
    await worker.finished()


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until the scheduler goes away or lets go of the worker."""
    parser = argparse.ArgumentParser(prog="python -m spikeloom.fleet.worker")
    parser.add_argument("address")
    parser.add_argument("--board", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--ready", required=True, help="a file to make when the worker is ready")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="spikeloom-worker-") as folder:
        try:
            asyncio.run(_serve(args, folder))
        except (OSError, TimeoutError) as error:
            print(f"no scheduler at {args.address!r}: {error}", file=sys.stderr)
            return _UNREACHABLE
        finally:
            let_go(args.name)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # A function that still runs, in a thread, belongs to nobody any more.
    os._exit(code)
