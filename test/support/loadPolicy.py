"""Puts the bundle on the disk in force, whatever is in force already: `loadPolicy.py GUEST`."""

from __future__ import annotations

import importlib
import sys
from typing import Any

sys.path.insert(0, sys.argv[1])
agents: Any = importlib.import_module("gwlb.policy.agent")
settings: Any = importlib.import_module("gwlb.settings")
bundles: Any = importlib.import_module("gwlb.policy.bundle")
state: Any = importlib.import_module("gwlb.state")

agents.Agent(settings.load()).load(bundles.parse_bundle(state.LAST_GOOD.read_bytes()), "disk")
