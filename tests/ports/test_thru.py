from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate.events import Bend, Control, NoteOff, NoteOn
from bandmate.patch import Patch, Zone
from bandmate.ports.thru import Keys, Move, Thru, curved


def moves(thru: Thru, event) -> list[tuple[int, str, int]]:
    return [(move.zone, move.kind, move.number) for move in thru.play(event)]


def press(pitch: int, velocity: int = 80, port: str = "keys") -> NoteOn:
    return NoteOn(1.0, pitch, velocity, port)


def lift(pitch: int, port: str = "keys") -> NoteOff:
    return NoteOff(2.0, pitch, port)


def test_a_split_sends_each_key_to_its_zone():
    thru = Thru(Patch(zones=(Zone(high=59), Zone(low=60))), external=False)
    assert moves(thru, press(59)) == [(0, "on", 59)]
    assert moves(thru, press(60)) == [(1, "on", 60)]


def test_three_layers_sound_together_and_end_together():
    thru = Thru(Patch(zones=(Zone(), Zone(octave=1), Zone(transpose=7))), external=False)
    assert moves(thru, press(60)) == [(0, "on", 60), (1, "on", 72), (2, "on", 67)]
    assert moves(thru, lift(60)) == [(0, "off", 60), (1, "off", 72), (2, "off", 67)]


def test_a_repeated_note_on_closes_the_former():
    thru = Thru(Patch(), external=False)
    thru.play(press(60))
    assert moves(thru, press(60)) == [(0, "off", 60), (0, "on", 60)]
    assert moves(thru, lift(60)) == [(0, "off", 60)]
    assert moves(thru, lift(60)) == []


def test_two_keyboards_on_one_pitch_end_with_the_last_of_them():
    thru = Thru(Patch(), external=False)
    thru.play(press(60, port="a"))
    thru.play(press(60, port="b"))
    assert moves(thru, lift(60, "a")) == []
    assert moves(thru, lift(60, "b")) == [(0, "off", 60)]


def test_only_zones_with_the_pedal_hear_the_pedal():
    thru = Thru(Patch(zones=(Zone(), Zone(pedal=False))), external=False)
    assert moves(thru, Control(0, 64, 127)) == [(0, "control", 64)]
    assert moves(thru, Control(0, 1, 50)) == [(0, "control", 1), (1, "control", 1)]
    assert moves(thru, Bend(0, 100)) == [(0, "bend", 0), (1, "bend", 0)]


def test_cue_keys_and_the_cue_pedal_are_silent():
    thru = Thru(Patch(low_key=24, tap_control=67), external=False)
    assert moves(thru, press(24)) == []
    assert moves(thru, lift(24)) == []
    assert moves(thru, press(25)) == [(0, "on", 25)]
    assert moves(thru, Control(0, 67, 127)) == []


def test_a_keyboard_with_its_own_sound_has_no_thru_to_the_synth():
    patch = Patch(local=True, zones=(Zone(), Zone(port="Moog")))
    assert moves(Thru(patch, external=False), press(60)) == []
    assert moves(Thru(patch, external=True), press(60)) == [(1, "on", 60)]


def test_the_velocity_curve_bends_but_keeps_its_ends():
    assert curved(127, Zone(curve=0.5)) == 127
    assert curved(32, Zone(curve=0.5)) > 60
    assert curved(1, Zone(curve=3.0)) == 1


def test_a_lost_port_is_released_keys_pedals_and_wheels():
    keys = Keys()
    for event in (press(60), press(64), Control(1.0, 64, 127, "keys"), Bend(1.0, 500, "keys")):
        keys.play(event)
    keys.play(lift(64))
    assert keys.release("keys", 3.0) == [
        NoteOff(3.0, 60, "keys"),
        Control(3.0, 64, 0, "keys"),
        Bend(3.0, 0, "keys"),
    ]
    assert keys.release("keys", 4.0) == []


def test_velocity_zero_and_all_notes_off_are_releases():
    keys = Keys()
    keys.play(press(60))
    assert keys.play(press(60, velocity=0)) == [NoteOff(1.0, 60, "keys")]
    keys.play(press(62))
    assert keys.play(Control(2.0, 123, 0, "keys")) == [NoteOff(2.0, 62, "keys")]


def test_keys_held_in_silence_are_forgotten_in_the_end():
    keys = Keys()
    keys.play(press(60))
    assert not keys.forgotten("keys", 50.0, 60.0)
    assert keys.forgotten("keys", 62.0, 60.0)


def test_a_twin_in_the_place_of_a_note_off_is_the_release():
    keys = Keys()
    assert keys.play(press(60)) == [press(60)]
    assert keys.play(press(60)) == [NoteOff(1.0, 60, "keys")]  # async JACK: its note-off is never seen
    assert keys.release("keys", 3.0) == []


def test_a_key_struck_again_is_no_twin():
    keys = Keys()
    keys.play(press(60))
    keys.play(lift(60))
    assert keys.play(press(60)) == [press(60)]
    assert keys.play(press(60, velocity=81)) == [NoteOff(1.0, 60, "keys"), press(60, velocity=81)]
    keys.play(press(64, port="other"))
    keys.play(press(62))
    assert keys.play(press(60, velocity=81)) == [NoteOff(1.0, 60, "keys"), press(60, velocity=81)]


def test_a_lost_cue_pedal_comes_up():
    keys = Keys(tap_control=80)
    keys.play(Control(1.0, 80, 127, "keys"))
    assert keys.release("keys", 3.0) == [Control(3.0, 80, 0, "keys")]


def test_zones_that_change_leave_held_keys_where_they_were_struck():
    thru = Thru(Patch(zones=(Zone(high=59), Zone(low=60, octave=1))), external=False)
    thru.play(press(60))
    thru.take((Zone(),))
    assert moves(thru, press(64)) == [(0, "on", 64)]
    assert moves(thru, lift(60)) == [(1, "off", 72)]
    assert moves(thru, lift(64)) == [(0, "off", 64)]


def test_a_key_held_outside_ends_at_the_port_that_it_was_sent_to():
    thru = Thru(Patch(zones=(Zone(port="Moog", channel=3),)), external=True)
    thru.play(press(60))
    thru.take((Zone(port="Nord"),))
    assert [(move.kind, move.way) for move in thru.play(lift(60))] == [("off", ("Moog", 2))]
    assert [(move.kind, move.way) for move in thru.play(press(62))] == [("on", ("Nord", 0))]


def test_a_pressed_pedal_goes_on_being_pressed_under_other_zones():
    thru = Thru(Patch(zones=(Zone(), Zone())), external=False)
    thru.play(Control(0, 64, 127))
    assert thru.take((Zone(), Zone(pedal=False), Zone())) == [Move(2, "control", 64, 127)]
    raised = [(move.zone, move.value) for move in thru.play(Control(0, 64, 0))]
    assert sorted(raised) == [(0, 0), (1, 0), (2, 0)]  # also where nobody hears it any more
    assert [move.zone for move in thru.play(Control(0, 64, 127))] == [0, 2]


def test_the_keys_are_transposed_with_the_song_but_no_drum_kit_is():
    patch = Patch(transpose=2, transpose_keys=True, zones=(Zone(transpose=-5), Zone(bank=128)))
    thru = Thru(patch, external=False)
    assert moves(thru, press(60)) == [(0, "on", 57), (1, "on", 60)]
    thru.transpose = 0
    assert moves(thru, lift(60)) == [(0, "off", 57), (1, "off", 60)]
    assert moves(thru, press(60)) == [(0, "on", 55), (1, "on", 60)]
    assert Thru(Patch(transpose=2), external=False).transpose == 0  # by its own switch


some_zones = st.lists(
    st.builds(
        Zone,
        low=st.integers(0, 62),
        high=st.integers(63, 127),
        octave=st.integers(-1, 1),
        transpose=st.integers(-3, 3),
        pedal=st.booleans(),
        port=st.sampled_from(["", "Moog", "Nord"]),
        channel=st.integers(1, 2),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
doings = st.one_of(
    st.tuples(st.just("press"), st.integers(58, 66), st.sampled_from(["a", "b"])),
    st.tuples(st.just("lift"), st.integers(58, 66), st.sampled_from(["a", "b"])),
    st.tuples(st.just("pedal"), st.sampled_from([64, 66]), st.integers(0, 127)),
    st.tuples(st.just("zones"), some_zones),
    st.tuples(st.just("transpose"), st.integers(-5, 5)),
)


@settings(max_examples=300, deadline=None)
@given(first=some_zones, evening=st.lists(doings, max_size=30), external=st.booleans())
def test_whatever_songs_bring_no_note_and_no_pedal_hangs(first, evening, external):
    thru, sounding, pedals = Thru(Patch(zones=first), external), {}, {}

    def hear(moves):
        for move in moves:
            assert bool(move.way[0]) is external
            place = (move.zone, move.way, move.number)
            if move.kind == "on":
                assert place not in sounding, "struck twice without an end"
                sounding[place] = move.value
            elif move.kind == "off":
                sounding.pop(place, None)
            elif move.kind == "control":
                pedals[place] = move.value

    for what, *how in evening:
        if what == "press":
            hear(thru.play(press(how[0], port=how[1])))
        elif what == "lift":
            hear(thru.play(lift(how[0], port=how[1])))
        elif what == "pedal":
            hear(thru.play(Control(0, how[0], how[1])))
        elif what == "zones":
            hear(thru.take(how[0]))
        else:
            thru.transpose = how[0]
    for port in ("a", "b"):
        for key in range(58, 67):
            hear(thru.play(lift(key, port)))
    for pedal in (64, 66):
        hear(thru.play(Control(0, pedal, 0)))
    assert sounding == {}
    assert set(pedals.values()) <= {0}
