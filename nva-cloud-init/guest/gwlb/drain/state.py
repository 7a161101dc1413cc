"""Whether this NVA is draining: written by gwlb-drain, read by gwlb-health for every answer."""

from gwlb.settings import RUN
from gwlb.state import read_json, write_json
from gwlb.system import Json

DRAIN = RUN / "drain.json"


def read() -> Json:
    """The drain that goes on, or has ended with the NVA out of service; empty if there is none."""
    return read_json(DRAIN)


def write(state: Json) -> None:
    """Makes health answer 503 from now on; `why` is what it says."""
    write_json(DRAIN, state)


def clear() -> None:
    """Makes health tell about the NVA alone again."""
    DRAIN.unlink(missing_ok=True)
