"""Chance at the maps of knobs and pedals: `bandmate bench control` tries some, with `--soak` 100,000.

Each try is a map that ships, or rows made of chance, after chance has been at its letters. It must be read,
or be refused in one sentence that names the file; nothing else may be raised, and what was read must be
written and read back the same. Seeded: a try that fails is told by its number.
"""

from __future__ import annotations

import json
import random
import string
import sys
import time
from pathlib import Path
from typing import Any

from bandmate import controls, maps
from bandmate.bench.figures import Figure
from bandmate.bench.stage import Stage
from bandmate.errors import BadMap
from bandmate.patch import data_folder

TRIES, SOAK = 2_000, 100_000
SIGNS = string.printable + "é\u2028\x00"
FILE = Path("chance.toml")
WORDS = (*controls.BY_NAME, *controls.ACTION_NAMES, *maps.KINDS, "nonsense")
GROWN_EVERY = 1_000  # tries between two looks at the memory


def figures(stage: Stage) -> list[Figure]:
    """How many tries went wrong."""
    tries = SOAK if stage.soak else TRIES
    began_s = time.perf_counter()
    read, refused, wrong, grown = tried(tries)
    note = f"{tries} maps in {time.perf_counter() - began_s:.0f} s: {read} read, {refused} refused in words"
    note += f"; at most {grown} blocks of memory more than after the first thousand"
    note += f"; first: {wrong[0]}" if wrong else ""
    return [Figure("maps that went wrong", float(len(wrong)), "", 0.0, note=note)]


def tried(tries: int) -> tuple[int, int, list[str], int]:
    """Maps read, maps refused, what went wrong, and by how many blocks memory grew."""
    chance, shipped = random.Random(7), _shipped()
    read = refused = 0
    wrong: list[str] = []
    sizes: list[int] = []
    for number in range(1, tries + 1):
        text = _text(chance, shipped)
        try:
            rows = maps.parse(text, FILE)
            again = maps.read_rows([maps.as_table(row) for row in rows], "map", FILE)
            read += 1
            if again != rows:
                wrong.append(f"try {number}: read back otherwise")
        except BadMap as error:
            refused += 1
            if not str(error).startswith(FILE.name) or "\n" in str(error):
                wrong.append(f"try {number}: {error!r}")
        except Exception as error:  # whatever else is raised is what we look for
            wrong.append(f"try {number}: {error!r}")
        if number % GROWN_EVERY == 0:
            sizes.append(sys.getallocatedblocks())
    return read, refused, wrong, max(sizes) - sizes[0] if sizes else 0


def _shipped() -> list[str]:
    folder = data_folder("patches") / "maps"
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.toml"))]


def _text(chance: random.Random, shipped: list[str]) -> str:
    """A map, after chance has been at it."""
    text = chance.choice(shipped) if chance.random() < 0.4 else _written(chance)
    for _ in range(chance.choice((0, 0, 1, 1, 2, 8))):
        place = chance.randrange(len(text) + 1)
        cut = chance.choice((0, 0, 1, 1, 5, 40))
        put = "".join(chance.choice(SIGNS) for _ in range(chance.choice((0, 1, 1, 3))))
        text = text[:place] + put + text[place + cut :]
    return text


def _written(chance: random.Random) -> str:
    """Rows with keys and values of chance."""
    lines: list[str] = []
    for _ in range(chance.randrange(1, 4)):
        lines.append("[[map]]")
        keys = chance.sample(maps.KEYS, chance.randrange(1, 6))
        lines += [f"{key} = {json.dumps(_value(chance, key))}" for key in keys]
    return "\n".join(lines) + "\n"


def _value(chance: random.Random, key: str) -> Any:
    if key in ("to", "kind") and chance.random() < 0.8:
        return chance.choice(WORDS)
    kinds: tuple[Any, ...] = (
        chance.randrange(-2, 130), chance.randrange(0, 17000), chance.random() * 2, chance.random() < 0.5,
        chance.choice(WORDS), [], 10**30,
    )  # fmt: skip
    return chance.choice(kinds)
