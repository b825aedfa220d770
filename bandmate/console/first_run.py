"""The first run asks which keyboard, which speakers, and whether the keyboard makes its own sound.

Asked once, in the performer's terminal, remembered in the rig's settings. Screen process only.
"""

from __future__ import annotations

import json
from typing import Any

from bandmate.places import Places, write_whole


def ask(where: Places, keyboards: list[str], speakers: list[tuple[int, str]]) -> dict[str, Any]:
    """Ask what there is to choose, and remember the answers; whoever presses enter takes the first.

    Nothing is remembered after Ctrl+C (KeyboardInterrupt) or at the end of the input (EOFError).
    """
    answers: dict[str, Any] = {"midi_in": [], "device": None, "local": False}
    if keyboards:
        answers["midi_in"] = [keyboards[_choose("Which keyboard do you play?", keyboards)]]
        answers["local"] = _yes("Does this keyboard make its own sound?")
    if len(speakers) > 1:
        names = [name for _, name in speakers]
        answers["device"] = speakers[_choose("Where should the band sound?", names)][1]
    write_whole(where.settings, json.dumps(answers, indent=1))
    print(f"Remembered in {where.settings}; delete it to be asked again.")
    return answers


def _choose(question: str, names: list[str]) -> int:
    if len(names) == 1:
        print(f"{question} There is one: {names[0]}")
        return 0
    print(question)
    for number, name in enumerate(names, 1):
        print(f"  {number}  {name}")
    while True:
        said = input(f"1..{len(names)} [1]: ").strip() or "1"
        if said.isdigit() and 1 <= int(said) <= len(names):
            return int(said) - 1
        print(f"{said!r} is not one of them; type a number from 1 to {len(names)}")


def _yes(question: str) -> bool:
    return input(f"{question} [y/N]: ").strip().lower().startswith("y")
