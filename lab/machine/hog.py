"""Takes the memory of its control group until its neighbours have next to none: hog.py DIR.

DIR is the group's directory in the hierarchy that limits memory. The kernel ends neighbours to give
this program what it asks for, and never this program. Ends with its parent.
"""

import ctypes
import signal
import sys
import time
from pathlib import Path

PIECE = 1024 * 1024
# What neighbours may keep: about what an init needs, which nothing ends.
KEPT = 8 * 1024 * 1024
PAUSE = 0.02
_PR_SET_PDEATHSIG = 1


def anonymous(group: Path) -> int:
    """Bytes of the whole group that no file stands behind."""
    found = dict(line.split(" ", 1) for line in (group / "memory.stat").read_text().splitlines())
    return int(found.get("total_rss") or found["anon"])


def own_pages() -> int:
    """Bytes of this program that no file stands behind."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "RssAnon" in line) * 1024


def main() -> None:
    """Takes piece after piece, and what neighbours that were ended have left."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    Path("/proc/self/oom_score_adj").write_text("-1000")
    group = Path(sys.argv[1])
    pieces: list[bytearray] = []
    while True:
        if anonymous(group) - own_pages() > KEPT:
            pieces.append(bytearray(PIECE))
            # Touched page by page: memory that is only promised is nobody's yet.
            pieces[-1][::4096] = b"x" * (PIECE // 4096)
        else:
            time.sleep(PAUSE)


if __name__ == "__main__":
    main()
