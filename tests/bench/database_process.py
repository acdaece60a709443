"""PostgreSQL in a session of its own, so that no Ctrl-C of the terminal's reaches its helpers.

Reads its folder as one JSON line; prints its address; runs until SIGTERM.
"""

import json
import signal
import sys
from pathlib import Path
from threading import Event

from bot.store import embedded

if __name__ == "__main__":
    over = Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())  # also while it is still starting
    server = embedded.start(Path(json.loads(sys.stdin.readline())["folder"]))
    print(json.dumps({"url": server.url}), flush=True)
    over.wait()
    server.stop()
