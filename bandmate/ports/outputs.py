"""Outputs: which bus comes out of which channel of a device, by name, so that an engineer finds it.

Called by the audio callback, and by the soundcheck for the names. Imports only the vocabulary and its
neighbours in `ports`.
"""

from __future__ import annotations

from bandmate.events import PARTS
from bandmate.ports.strokes import Float, Strokes

BUSES = (*PARTS, "performer")  # in this order from channel 5 on


def names(outputs: str, channels: int) -> list[str]:
    """What comes out of each channel of a device, from 1 on; channels without a name are silent."""
    if channels == 1:
        return ["the band"]
    if outputs == "left-mono-right-click":
        return ["the band (mono)", "click"]
    pairs = ["main", "click", *(BUSES if outputs == "parts" else ())]
    return [f"{name} {side}" for name in pairs for side in ("left", "right")][: channels // 2 * 2]


def lay_out(buses: dict[str, Float], out: Float, outputs: str) -> None:
    """Buses onto a device's channels: main on 1 and 2, the click on 3 and 4, parts a pair each from 5 on.

    `left-mono-right-click`: the band in mono on 1, the click on 2. Two channels without that have no click.
    """
    channels = out.shape[1]
    out[:] = 0.0
    main, click = buses["main"], buses["click"]
    if channels == 1 or outputs == "left-mono-right-click":
        out[:, 0] = main.mean(axis=1)
        if channels > 1:
            out[:, 1] = click[:, 0]
        return
    out[:, :2] = main
    pairs = [click, *(buses[name] for name in BUSES if name in buses)]
    for index, pair in enumerate(pairs, 1):
        if channels >= 2 * index + 2:
            out[:, 2 * index : 2 * index + 2] = pair


def try_out(pings: list[Strokes], out: Float) -> None:
    """The strokes of a soundcheck, each on its own channel."""
    for channel, strokes in enumerate(pings[: out.shape[1]]):
        if strokes.sounding:
            out[:, channel] += strokes.play(len(out))
