"""Unix sockets in the data directory: whoever may use the directory may connect, and nobody else."""

from __future__ import annotations

import os
import socket
from pathlib import Path

BACKLOG = 100


def listen_beside(path: Path) -> socket.socket:
    """Return a listening socket at `path`, in place of what a killed server left there. Raises OSError.

    Its mode is 0600 from the first moment on.
    """
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    mask = os.umask(0o177)
    try:
        # A socket's path has room for 107 bytes; through the descriptor it is short, however deep the directory is.
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(mask)
        os.close(folder)
    listener.setblocking(False)
    return listener
