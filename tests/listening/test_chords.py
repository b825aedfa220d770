"""Chords and key, in virtual time."""

from __future__ import annotations

import pytest
from score import FOUR_CHORDS, C, comping, hear, in_order, listen, stroke

from bandmate.events import Control, Event, Heard, Hue, NoteOff, NoteOn
from bandmate.harmony import Chord, Key
from bandmate.listening.chords import ChordListener
from bandmate.listening.listener import Listener
from bandmate.listening.sounding import Sounding
from bandmate.listening.tonality import KEYS, LEAD
from bandmate.timing import STEP_S, Meter, step_index, step_time_s


def symbols(heard: list[Heard]) -> list[str]:
    """The chords believed, one after the other."""
    found: list[str] = []
    for row in heard:
        if row.chord is not None and (not found or found[-1] != row.chord.symbol):
            found.append(row.chord.symbol)
    return found


def test_a_triad_is_heard_within_ten_milliseconds() -> None:
    heard = hear(stroke(1.0, C), 1.01)
    assert heard[-1].chord == Chord(0)
    assert heard[-1].chord_s == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("spread_s", [0.0, 0.01, 0.03])
def test_the_next_chord_is_heard_with_its_last_note(spread_s: float) -> None:
    events: list[Event] = stroke(0.0, (36, *C), 2.0)
    for index, pitch in enumerate((41, 57, 60, 65)):
        events.append(NoteOn(2.0 + index * spread_s / 3, pitch, 80))
    heard = hear(events, 2.0 + spread_s + 0.01)
    assert heard[-1].chord == Chord(5)


def test_a_bass_and_two_tones_are_a_chord() -> None:
    events = stroke(0.0, (48, 64, 67), 1.0) + stroke(1.0, (45, 60, 64), 1.0)
    assert hear(events, 1.01)[-1].chord == Chord(9, "m")


@pytest.mark.parametrize(
    ("pitches", "symbol"),
    [
        ((48, 60, 63, 67), "Cm"),
        ((43, 59, 62, 65), "G7"),
        ((48, 64, 67, 71), "Cmaj7"),
        ((50, 60, 65, 69), "Dm7"),
        ((47, 62, 65, 69), "Bm7b5"),
        ((48, 60, 65, 67), "Csus4"),
        ((47, 62, 65, 68), "Bdim7"),
        ((48, 60, 64, 68), "Caug"),
        ((40, 47, 52), "E5"),
        ((36, 52, 56, 58, 63), "C7alt"),
        ((43, 53, 57, 59, 64), "G13"),
        ((40, 60, 64, 67), "C/E"),
        ((41, 57, 60, 64), "Fmaj7"),
    ],
)
def test_block_chords_are_named(pitches: tuple[int, ...], symbol: str) -> None:
    chord = hear(stroke(0.5, pitches, 1.0), 1.0)[-1].chord
    assert chord is not None
    assert chord.symbol == symbol


A_AND_B_FORMS = ((53, 57, 60, 64), (53, 57, 59, 64), (52, 55, 59, 62), (52, 55, 59, 62))  # Dm9 G13 Cmaj9


def test_left_hand_voicings_without_roots_are_named_as_the_bass_player_means_them() -> None:
    events: list[Event] = []
    for bar in range(16):
        events += stroke(2.0 * bar, A_AND_B_FORMS[bar % 4], 1.0)
    named = symbols(hear(events, 31.0))
    assert named[-6:] == ["Dm9", "G13", "Cmaj9"] * 2


def test_block_triads_in_the_middle_keep_their_roots() -> None:
    events: list[Event] = []
    for bar in range(8):
        events += stroke(2.0 * bar, FOUR_CHORDS[bar % 4], 1.6)
    heard = hear(events, 16.0)
    assert [row.chord.root for row in heard[199::400] if row.chord] == [0, 9, 5, 7] * 2


def test_a_bass_between_root_and_fifth_is_no_slash_chord() -> None:
    events: list[Event] = []
    for half in range(8):
        events += stroke(half, (36 if half % 2 == 0 else 43, *C), 0.9)
    assert set(symbols(hear(events, 8.0))) == {"C"}


def test_a_new_bass_under_the_same_chord_is_written_down() -> None:
    events = stroke(0.0, (38, 62, 66, 69), 1.9) + stroke(2.0, (36, 62, 66, 69), 1.9)
    chord = hear(events, 3.8)[-1].chord
    assert chord is not None
    assert (chord.root, chord.bass) == (2, 0)


def test_a_cluster_is_no_chord() -> None:
    events = stroke(0.0, (48, *C), 1.0) + stroke(1.2, (60, 61, 62, 63, 64), 2.5)
    heard = hear(events, 3.5)
    assert heard[200].chord is not None
    assert heard[-1].chord is None
    assert heard[-1].chord_certainty == 0.0


def test_certainty_is_high_for_a_plain_chord_and_lower_for_two_notes() -> None:
    plain = hear(stroke(0.0, (36, *C), 1.0), 0.9)[-1]
    bare = hear(stroke(0.0, (52, 67, 71), 1.0), 0.9)[-1]
    assert plain.chord_certainty > 0.9
    assert bare.chord_certainty < plain.chord_certainty


def test_the_colour_of_a_microphone_is_harmony_too() -> None:
    listener = Listener(Meter())
    heard = []
    for look in range(1, 41):
        tones = (0, 4, 7) if look <= 20 else (5, 9, 0)
        shares = tuple(1.0 if tone in tones else 0.0 for tone in range(12))
        bass = tuple(float(tone == tones[0]) for tone in range(12))
        heard.append(listener.hear(look * 0.05, [Hue(look * 0.05, -20.0, shares, bass)]))
    assert heard[-1].chord == Chord(5)
    assert heard[19].chord == Chord(0)
    assert heard[-1].chord_s < 1.5


def test_four_chords_are_heard_in_order() -> None:
    heard = hear(comping(100, 4), 9.5)
    roots = [Chord.parse(symbol).root for symbol in symbols(heard)]
    assert [root for index, root in enumerate(roots) if index == 0 or roots[index - 1] != root] == [
        0,
        9,
        5,
        7,
    ]
    assert heard[-1].chord_certainty > 0.3


def test_a_melody_does_not_re_harmonise() -> None:
    events = stroke(0.0, (48, *C), 1.0)
    for index, pitch in enumerate((76, 74, 77, 81, 79, 76, 74, 71, 72, 69, 71, 74)):
        events += stroke(1.2 + index * 0.25, [pitch], 0.28)
    assert symbols(hear(events, 5.0)) == ["C"]


@pytest.mark.parametrize("left", [(48, 55), (48, 52, 55)])
@pytest.mark.parametrize("slip", [1, -1])
def test_a_right_hand_that_slips_a_semitone_over_a_left_that_stays_is_outside(
    left: tuple[int, ...], slip: int
) -> None:
    right = (67, 72, 76)
    bars = [(*left, *right)] * 8 + [(*left, *(pitch + slip for pitch in right))] * 8
    events = [event for beat, chord in enumerate(bars) for event in stroke(beat * 0.4, chord, 0.35)]
    assert symbols(hear(events, 6.5)) == ["C"]


def test_a_left_hand_that_goes_along_is_a_new_chord() -> None:
    up = [pitch + 1 for pitch in (48, 55, 67, 72, 76)]
    events = stroke(0.0, (48, 55, 67, 72, 76), 0.35) + stroke(0.4, up, 0.35)
    assert symbols(hear(events, 0.45))[-1] == "Db"


def test_an_arpeggio_over_a_new_bass_changes_the_chord() -> None:
    events: list[Event] = stroke(0.0, (48, *C), 1.9)
    for index, pitch in enumerate((41, 57, 60, 65)):
        events += stroke(2.0 + index * 0.15, [pitch], 1.0 - index * 0.15)
    heard = hear(events, 2.6)
    assert heard[-1].chord is not None
    assert heard[-1].chord.root == 5
    assert heard[-1].chord_s < 2.5


def test_pedalled_tones_of_the_old_chord_give_way() -> None:
    events: list[Event] = [Control(0.0, 64, 127), *stroke(0.1, (36, *C), 0.3)]
    events += stroke(1.5, (43, 55, 59, 62), 0.3)
    heard = hear(events, 1.51)
    assert heard[-1].chord is not None
    assert heard[-1].chord.root == 7


def test_silence_names_no_chord() -> None:
    assert hear([], 1.0)[-1].chord is None
    assert hear(stroke(0.2, [60], 0.5), 1.0)[-1].chord is None


def test_the_key_is_named_and_kept() -> None:
    listener = Listener(Meter())
    heard = listen(listener, comping(110, 12), 25.0)
    assert heard[-1].key == Key(0)
    keys = [row.key for row in heard if row.key is not None]
    assert len(set(keys)) == 1


def test_a_repeated_key_without_note_off_is_one_key() -> None:
    events: list[Event] = [NoteOn(0.1, 60, 80), NoteOn(0.3, 60, 80), NoteOff(0.5, 60)]
    assert hear(in_order(events), 1.0)[-1].held == ()


def test_every_chord_of_the_loop_has_its_own_root() -> None:
    assert len({chord[0] % 12 for chord in FOUR_CHORDS}) == 4


def test_a_pinned_key_stays() -> None:
    listener = Listener(Meter())
    listener.pin(Key(3, minor=True))
    heard = listen(listener, comping(110, 8), 17.0)
    assert {row.key for row in heard} == {Key(3, minor=True)}
    listener.pin(None)
    assert listen(listener, [], 17.1, 17.0)[-1].key == Key(3, minor=True)


def test_the_chord_ahead_is_announced() -> None:
    listener = Listener(Meter())
    heard = listen(listener, comping(110, 13), 27.0)
    assert heard[-1].chord == Chord(0)
    assert heard[-1].ahead == Chord(9, "m")
    assert heard[-1].ahead_certainty > 0.8


def test_a_rest_is_no_music_in_a_new_key() -> None:
    """Three bars that lead elsewhere are too few for another key; twenty seconds of rest add nothing."""
    listener, sounding, step = ChordListener(), Sounding(), 0
    bars = [Chord.parse(name).tones for name in ("C", "Am", "F", "G", "E", "A", "E")]
    events = [
        event
        for bar, tones in enumerate(bars)
        for event in stroke(2.0 * bar + 0.1, (48 + tones[0], *(60 + tone for tone in tones)), 1.9)
    ]

    def play(until_s: float) -> None:
        nonlocal step
        while step < step_index(until_s):
            step += 1
            now_s = step_time_s(step)
            struck = sounding.hear(event for event in events if now_s - STEP_S < event.time_s <= now_s)
            listener.hear(now_s, struck, sounding, 2 * now_s)

    play(35.0)
    before, fits = listener.key, listener.tonality.scores()
    assert before is not None
    assert fits.max() > fits[KEYS.index(before)] + LEAD
    events.append(NoteOn(35.1, 64, 80))
    play(35.2)
    assert listener.key == before
