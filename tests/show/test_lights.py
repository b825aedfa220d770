"""The example for lights understands everything that the band tells them."""

from dataclasses import replace

from bandmate.ports.oscout import OscOut
from bandmate.show.lights import HEARD, OUT, Rack
from tests.ports.test_oscout import PLAYING


def test_the_lamps_go_by_beat_mood_and_what_comes():
    rack, out = Rack(), OscOut([("127.0.0.1", 1)])
    told = out.tell(PLAYING)
    assert set(HEARD) <= {name for name, _ in told}
    lines = [rack.hear(f"{OUT}{name.partition(':')[0]}", *values) for name, values in told]
    assert lines[-1].startswith("bar   3 beat 1  red")
    assert "Chorus in 2 bars (4.0 s)" in lines[-1]
    assert rack.lamps["white"] == 255


def test_the_next_song_is_as_bright_as_the_one_before():
    rack, out = Rack(), OscOut([("127.0.0.1", 1)])

    def light(status):
        for name, values in out.tell(status):
            rack.hear(f"{OUT}{name.partition(':')[0]}", *values)
        return dict(rack.lamps)

    bright = light(replace(PLAYING, bar=1))
    assert not any(light(replace(PLAYING, state="armed", bar=0)).values())
    assert light(replace(PLAYING, bar=1)) == bright
    assert rack.lamps["smoke"] == 255
    for name, values in out.tell(replace(PLAYING, state="off")):
        rack.hear(f"{OUT}{name}", *values)
    assert set(rack.lamps.values()) == {0}
