"""The demo performer: five compositions of ours, played by two human hands."""

from itertools import pairwise

import pytest

from bandmate.errors import BadPatch
from bandmate.events import Control, NoteOff, NoteOn
from bandmate.harmony import Chord, Key, scale_for
from bandmate.patch import data_folder
from bandmate.show import demo

NAMES = demo.demo_names()
each = pytest.mark.parametrize("name", NAMES)


def chord_at(chords, beat):
    return Chord.parse([symbol for start, symbol in chords if start <= beat + 1e-6][-1])


def grid(name):
    """Where each written note would fall without a human touch but with the tempo's wander."""
    written = demo.read(name)
    path = demo.tempo_path(written)
    return [
        (demo.time_at(path, written.aimed(stroke.beat)), pitch)
        for stroke in (*written.left, *written.right)
        for pitch in stroke.pitches
    ]


def test_at_least_five_demos_in_three_styles():
    demos = [demo.load_demo(name) for name in NAMES]
    assert len(demos) >= 5
    assert {one.style for one in demos} == {"pop-rock", "swing", "bossa-nova"}
    assert {str(one.meter) for one in demos} >= {"4/4", "3/4"}


@each
def test_a_demo_is_16_to_32_bars_with_a_chord_in_each(name):
    written, played = demo.read(name), demo.load_demo(name)
    bars = written.beats / written.meter.bar_beats
    assert 16 <= bars <= 32
    assert {beat // written.meter.bar_beats for beat, _ in played.chords} == set(range(int(bars)))
    assert played.patch == "default"


@each
def test_the_loop_is_whole_bars_and_begins_on_a_downbeat(name):
    written, played = demo.read(name), demo.load_demo(name)
    assert played.length_s == pytest.approx(demo.time_at(demo.tempo_path(written), written.beats))
    assert written.beats % written.meter.bar_beats == 0
    assert abs(min(note.time_s for note in played.notes)) < 0.045
    assert max(note.time_s for note in played.notes) < played.length_s


@each
def test_events_are_sorted_and_every_key_comes_up(name):
    events, down = demo.performance(demo.load_demo(name), times=3), set()
    assert all(before.time_s <= after.time_s for before, after in pairwise(events))
    for event in events:
        if isinstance(event, NoteOn):
            assert event.pitch not in down
            assert 1 <= event.velocity <= 127
            down.add(event.pitch)
        elif isinstance(event, NoteOff):
            down.remove(event.pitch)
    assert not down


@each
def test_a_second_time_round_is_the_first_a_loop_later(name):
    played = demo.load_demo(name)
    once, twice = demo.performance(played), demo.performance(played, 2)
    struck = [event for event in twice if isinstance(event, NoteOn)]
    first = [event for event in once if isinstance(event, NoteOn)]
    later = struck[len(first) :]
    assert struck[: len(first)] == first
    assert [event.pitch for event in later] == [event.pitch for event in first]
    assert later[0].time_s == pytest.approx(played.length_s + first[0].time_s)


@each
def test_the_pedal_goes_down_and_ends_up(name):
    pedal = [event for event in demo.performance(demo.load_demo(name)) if isinstance(event, Control)]
    assert {event.number for event in pedal} == {64}
    assert any(event.value == 127 for event in pedal)
    assert pedal[-1].value == 0


@each
def test_the_melody_belongs_to_the_chords(name):
    written = demo.read(name)
    home = Chord.parse(written.key)
    key = Key(home.root, home.minor)
    inside = [
        pitch % 12 in scale_for(chord_at(written.chords, stroke.beat), key)
        for stroke in written.right
        for pitch in stroke.pitches
    ]
    assert sum(inside) / len(inside) >= 0.85


@each
def test_the_left_hand_leaves_the_bass_its_room(name):
    assert min(pitch for stroke in demo.read(name).left for pitch in stroke.pitches) >= 48


@each
def test_he_rests_so_that_the_band_is_heard(name):
    written = demo.read(name)
    busy = {stroke.beat // written.meter.bar_beats for stroke in written.left}
    assert len(busy) < written.beats / written.meter.bar_beats
    gaps = [after.beat - before.beat - before.beats for before, after in pairwise(written.right)]
    assert max(gaps) >= written.meter.bar_beats / 2


@each
def test_timing_is_human_and_within_45_ms_of_the_grid(name):
    places = grid(name)
    far = [
        min((note.time_s - time_s for time_s, pitch in places if pitch == note.pitch), key=abs)
        for note in demo.load_demo(name).notes
    ]
    assert max(map(abs, far)) < 0.045
    mean = sum(far) / len(far)
    assert 0.004 < (sum((one - mean) ** 2 for one in far) / len(far)) ** 0.5 < 0.020


@each
def test_the_tempo_wanders_a_little_and_comes_home(name):
    path = demo.tempo_path(demo.read(name))
    home = path[0].bpm
    assert 0.005 < max(abs(one.bpm / home - 1) for one in path) <= 0.015 + 1e-9
    assert path[-1].bpm == pytest.approx(home, rel=0.003)


@each
def test_a_demo_is_the_same_every_time(name):
    assert demo.load_demo(name) == demo.load_demo(name)


@each
def test_no_two_velocities_in_a_row_for_long(name):
    assert len({note.velocity for note in demo.load_demo(name).notes}) > 20


def test_swung_eighths_are_late_and_downbeats_are_not():
    written = demo.read("swing")
    assert [written.aimed(beat) for beat in (4.0, 4.5, 5.0)] == pytest.approx([4.0, 4.64, 5.0])


def test_an_unknown_demo_names_those_there_are():
    with pytest.raises(BadPatch, match=r"there is no .*polka\.toml; there are: ballad, .*swing"):
        demo.load_demo("polka")


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("bpm = 104", "bpm = 1040", "key 'bpm' is 1040; it takes 30 to 300"),
        ("bpm = 104", 'bpm = "quick"', "key 'bpm' is 'quick'; it takes 30 to 300"),
        ('style = "pop-rock"', 'style = "polka"', "key 'style' is 'polka'; it takes ballad, ballad-12-8, "),
        ('meter = "4/4"', 'meter = "4/9"', "key 'meter' is '4/9'; it takes 4/4"),
        ('title = "Window Seat"', "", "key 'title' is None; it takes a text"),
        ('title = "Window Seat"', 'titel = "Window Seat"', "unknown key 'titel'; it takes title"),
        ('form = ["verse"', 'form = ["solo"', "key 'form' names 'solo'; it takes verse"),
        ('form = ["verse"', "form = [[1]", r"key 'form' names \[1\]; it takes verse"),
        ("level = 0.42", "level = 7", "key 'section.verse.level' is 7; it takes 0 to 1"),
        ("| -e A4e A4e B4e D5q A4q", "| A4q", "key 'section.verse bar 1' is 'A4q', 1 beats"),
        ("| -e A4e A4e B4e D5q A4q", "| H4w", "key 'section.verse bar 1' has 'H4'; a note"),
        ("| -e A4e A4e B4e D5q A4q", "| A4", "key 'section.verse bar 1' has 'A4'; a token"),
        ("| -e A4e A4e B4e D5q A4q", "| ~w", "key 'section.verse bar 1' has '~', but there is no note"),
        ("| -e A4e A4e B4e D5q A4q", "", "it takes chords | left hand | right hand"),
        ("D        | push", "Dx       | push", "key 'section.verse bar 1': 'Dx' is not a chord symbol"),
        ("D        | push", "D        | slap", "key 'section.verse bar 1' names 'slap'; .comping. has hold"),
        ('hold = "xw"', 'hold = "yw"', "key 'comping.hold' has 'y'; it takes"),
    ],
)
def test_a_wrong_file_is_named_with_key_and_value(tmp_path, right, wrong, says):
    good = (data_folder("patches") / "demos" / "pop.toml").read_text(encoding="utf-8")
    assert right in good
    path = tmp_path / "mine.toml"
    path.write_text(good.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(BadPatch, match=says) as caught:
        demo.load_demo(str(path))
    assert str(path) in str(caught.value)


def test_a_composition_of_ones_own_plays_from_its_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'title = "Mine"\nstyle = "pop-rock"\nmeter = "6/8"\nbpm = 60\nkey = "Am"\nform = ["A"]\n'
        '[comping]\nhold = "xh."\n[section.A]\nbars = "Am | hold | A4h."\n',
        encoding="utf-8",
    )
    played = demo.load_demo(str(path))
    assert played.name == "mine"
    assert played.length_s == pytest.approx(2.0, rel=0.02)  # two pulses of a dotted quarter
