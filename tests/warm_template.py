"""A process that imports what it is told to, and forks itself for each job: see `warm.py`.

python tests/warm_template.py SOCKET MODULE...
"""

import gc
import importlib
import json
import os
import runpy
import selectors
import socket
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any


def serve(asking: socket.socket) -> dict[str, Any] | None:
    """Fork for each job until nobody asks any more; return the job in a process that is to do it."""
    ends: dict[int, tuple[int, int]] = {}
    waiting = selectors.DefaultSelector()
    waiting.register(asking, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            if key.fd != asking.fileno():
                pid, status = ends.pop(key.fd)
                waiting.unregister(key.fd)
                os.close(key.fd)
                with suppress(BrokenPipeError):  # Whoever asked may be gone.
                    os.write(status, str(os.waitpid(pid, 0)[1]).encode())
                os.close(status)
                continue
            message, descriptors, _, _ = socket.recv_fds(asking, 1 << 20, 4)
            if not message:
                return None
            pid = os.fork()
            if pid == 0:
                waiting.close()
                asking.close()
                for each in (*ends, *(status for _, status in ends.values())):
                    os.close(each)
                return begun(json.loads(message), descriptors)
            for each in descriptors[:3]:
                os.close(each)
            watched = os.pidfd_open(pid)
            ends[watched] = (pid, descriptors[3])
            waiting.register(watched, selectors.EVENT_READ)
            asking.send(str(pid).encode())


def begun(job: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
    """Make this the process that the job asks for."""
    for own, given in enumerate(descriptors[:3]):
        os.dup2(given, own)
    for given in descriptors:
        os.close(given)
    if job["has_session"]:
        os.setsid()
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    return job


def do(job: dict[str, Any]) -> None:
    """Run ``python FILE …`` or ``python -m MODULE …``."""
    _, *arguments = job["command"]
    if arguments[0] == "-m":
        sys.path[0], sys.argv = job["folder"], arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.path[0], sys.argv = str(Path(arguments[0]).parent), arguments
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    for name in sys.argv[2:]:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    warnings.filterwarnings("ignore", "This process .* is multi-threaded, use of fork", DeprecationWarning)
    asked = serve(socket.socket(fileno=int(sys.argv[1])))
    if asked is not None:
        do(asked)
