"""The Dockerfile's own steps, carried out without an engine.

`FROM` is where this differs from an engine: the base is this machine's own file system, with the
Python that runs this at /usr/local, seen through a layer in memory. So this does not tell whether
`python:3.11-slim` has all that is needed, nor anything of layers, caches and networks. What is
checked is each step as it is written, and the image at work: its user without rights, on a file
system that takes no writes, with the program as process 1.
"""

import asyncio
import time
from pathlib import Path

from tests.container.recipe import read
from tests.container.rootfs import Rootfs, mount
from tests.container.trial import trial

PROJECT, SCRATCH = Path(__file__).parents[2], Path("/mnt")


def main() -> None:
    """Build each stage, and try the last."""
    began = time.monotonic()
    # in memory, over a folder that is always there: it goes with the name space, and nothing is
    # to be removed file by file below which something else could be mounted
    mount("-t", "tmpfs", "none", SCRATCH)
    (SCRATCH / "recipe").mkdir()
    built: dict[str, Rootfs] = {}
    for stage in read(PROJECT, SCRATCH / "recipe"):
        print(f"FROM {stage.base} (in its place: this machine)")
        image = Rootfs(SCRATCH / f"stage{len(built)}", stage)
        image.build(PROJECT, built)
        built[stage.name] = image
    print(f"built after {time.monotonic() - began:.0f} s; run:")
    asyncio.run(trial(image, SCRATCH / "log"))
    print(f"container: well, after {time.monotonic() - began:.0f} s. Not checked: the base image "
          "itself, which takes an engine")  # fmt: skip


main()
