"""Gives each target the inputs that are kept in seeds/TARGET/; needs no fuzzer."""

from __future__ import annotations

from pathlib import Path

from targets import TARGETS

SEEDS = Path(__file__).parent / "seeds"


def main() -> None:
    """One line a target."""
    for name, target in TARGETS.items():
        files = sorted((SEEDS / name).iterdir())
        for file in files:
            try:
                target(file.read_bytes())
            except BaseException:
                print(f"{file}:", flush=True)
                raise
        print(f"{name}: {len(files)} seeds")


if __name__ == "__main__":
    main()
