"""The band in its own microphones: what is its own counts less, and it never keeps itself alive."""

from dataclasses import replace

import pytest

from bandmate import patch as patches
from bandmate.events import (
    SILENCE_DB,
    Attack,
    Command,
    Hue,
    Hush,
    NoteOff,
    NoteOn,
    Off,
    On,
    Panic,
    Replace,
    Revoke,
)
from bandmate.listening.audio.analysis import Analysis
from bandmate.listening.masking import NEAR_S, PRESENT_S, TAIL_S, Masking
from bandmate.patch import Microphone
from bandmate.ports.renderer import Renderer
from bandmate.timing import STEP_S, step_index

PIANO = Microphone()  # bleed 0.7
VOICE = Microphone(channel=2, hears="melody")
ONE_TONE = tuple(1.0 if pitch == 0 else 0.0 for pitch in range(12))  # all of it is C


def stroke(time_s, strength=0.8, mike=PIANO):
    return Attack(time_s, strength, port=mike.port)


def hue(time_s, level_db=-20.0, chroma=ONE_TONE, mike=PIANO):
    return Hue(time_s, level_db, chroma, chroma, mike.port)


def sung(time_s, pitch, mike=VOICE):
    return NoteOn(time_s, pitch, 80, mike.port)


def drum(time_s, number=1, velocity=100):
    return On(number, time_s, "drums", 38, velocity)


@pytest.fixture
def masking():
    return Masking((PIANO, VOICE))


def present(masking, time_s=0.0):
    """The performer gives signs of their own, where nothing of ours sounds."""
    assert masking.hear([stroke(time_s - 0.5), stroke(time_s), hue(time_s + 0.05), sung(time_s, 1)])
    return masking


def alone(masking):
    """For a while nobody but the band has been heard: its drums fall on every second."""
    masking.book(0.0, [drum(float(second), 100 + second) for second in range(9)])
    masking.hear([stroke(float(second)) for second in range(9)])
    return masking


# ------------------------------------------------------------------ strokes


@pytest.mark.parametrize("strength", [0.15, 0.3])
def test_what_stirs_softly_under_our_own_notes_is_ours_once_nobody_plays(masking, strength):
    alone(masking).book(9.0, [On(200, 9.0, "bass", 36, 90)])
    stirs = stroke(9.0 + NEAR_S + 0.05, strength)
    assert masking.hear([stirs]) == ([stirs] if strength > 0.2 else [])


def test_a_soft_stroke_while_the_band_is_silent_is_the_performer_s(masking):
    soft = stroke(20.0, 0.15)
    assert alone(masking).hear([soft]) == [soft]


def test_a_stroke_away_from_our_hits_is_the_performer_s(masking):
    masking.book(0.9, [drum(1.0)])
    away = stroke(1.0 + NEAR_S + 0.01)
    assert masking.hear([away]) == [away]


@pytest.mark.parametrize("off_s", [-NEAR_S + 0.001, 0.0, NEAR_S - 0.001])
def test_a_stroke_beside_our_hit_keeps_what_bleed_leaves(masking, off_s):
    present(masking)
    masking.book(0.9, [drum(1.0)])
    (heard,) = masking.hear([stroke(1.0 + off_s, 0.8)])
    assert heard.strength == pytest.approx(0.8 * 0.3)


def test_drums_weigh_more_than_a_soft_pad(masking):
    present(masking)
    masking.book(0.9, [drum(1.0), On(2, 2.0, "pad", 60, 100), drum(3.0, 3, 45)])
    by_drum, by_pad, by_ghost_note = (event.strength for event in masking.hear(map(stroke, (1.0, 2.0, 3.0))))
    assert by_drum < by_ghost_note < by_pad < 0.8


def test_a_closed_booth_hears_only_who_stands_in_it():
    masking = Masking((replace(PIANO, bleed=0.0),))
    masking.book(0.9, [drum(1.0)])
    both = [stroke(1.0), hue(1.0)]
    assert masking.hear(both) == both


def test_other_inputs_are_nobody_s_echo(masking):
    masking.book(0.9, [On(1, 1.0, "bass", 36, 100)])
    played = [NoteOn(1.0, 36, 80, "Piano"), NoteOff(1.1, 36, "Piano"), Command(1.0, "fill")]
    assert masking.hear(played) == played


def test_a_band_that_comes_in_gives_the_performer_the_benefit_of_the_doubt(masking):
    times = [0.5 * beat for beat in range(1, 40)]
    masking.book(0.0, [drum(time_s, number) for number, time_s in enumerate(times)])
    heard = masking.hear([stroke(time_s) for time_s in times])
    assert [event.time_s for event in heard] == [time_s for time_s in times if time_s <= 0.5 + PRESENT_S]


def test_two_strokes_of_their_own_and_they_are_back(masking):
    alone(masking).book(0.0, [drum(9.0, 1), drum(9.5, 2), drum(10.0, 3)])
    heard = masking.hear([stroke(9.0), stroke(9.25), stroke(9.5), stroke(9.75), stroke(10.0)])
    assert [event.time_s for event in heard] == [9.25, 9.75, 10.0]


def test_something_that_falls_down_is_nobody_who_plays(masking):
    alone(masking).book(0.0, [drum(9.0, 1), drum(9.5, 2), drum(14.0, 3)])
    heard = masking.hear([stroke(9.0), stroke(9.25), stroke(9.5), stroke(13.9), stroke(14.0)])
    assert [event.time_s for event in heard] == [9.25, 13.9]


def test_a_click_of_a_finger_is_no_sign(masking):
    alone(masking).book(0.0, [drum(9.5)])
    assert len(masking.hear([stroke(9.25, 0.05), stroke(9.35, 0.05), stroke(9.5)])) == 2


def test_a_hit_of_ours_that_is_louder_than_ever_was_played_by_two(masking):
    def hits(first_s, levels_db):
        times = [first_s + second for second in range(len(levels_db))]
        masking.book(0.0, [drum(time_s, round(10 * time_s)) for time_s in times])
        heard = []
        for time_s, level_db in zip(times, levels_db, strict=True):
            heard += masking.hear([stroke(time_s), hue(time_s + 0.05, level_db), hue(time_s + 0.2, -50.0)])
        return [event.time_s for event in heard if isinstance(event, Attack)]

    hits(0.0, [-20.0, -21.0, -20.0, -22.0, -20.0, -21.0])
    assert hits(6.0, [-21.0, -20.0, -20.0]) == []  # ours, and nobody else
    assert hits(9.0, [-15.0, -21.0]) == [10.0]  # the first one tells, the next one counts


def test_a_harder_hit_of_ours_is_no_sign(masking):
    softly = [drum(float(second), second, 50) for second in range(8)]
    masking.book(0.0, [*softly, drum(8.0, 8, 100), drum(9.0, 9, 50)])
    for second in range(8):
        masking.hear([stroke(float(second)), hue(second + 0.05, -32.0), hue(second + 0.2, -60.0)])
    masking.hear([stroke(8.0), hue(8.05, -20.0), hue(8.2, -60.0)])  # twice the velocity: 12 dB
    assert masking.hear([stroke(9.0)]) == []


# ------------------------------------------------------------------ notes and tones


def test_a_voice_in_our_octave_is_ours_and_another_is_theirs(masking):
    masking.book(0.9, [On(1, 1.0, "bass", 36, 100)])
    assert masking.hear([sung(1.1, 60)]) == []
    assert masking.hear([sung(1.1, 64)])


def test_a_voice_louder_than_we_can_be_may_sing_our_pitch(masking):
    masking.hear([hue(0.1 * tenth, -20.0, (), VOICE) for tenth in range(10)])
    masking.book(0.9, [On(1, 1.0, "bass", 36, 100)])
    assert masking.hear([hue(1.05, -18.0, (), VOICE), sung(1.1, 60)])[1:]
    assert not masking.hear([hue(1.15, -30.0, (), VOICE), sung(1.2, 60)])[1:]


def test_our_note_is_over_when_its_room_is_silent(masking):
    masking.book(0.9, [On(1, 1.0, "bass", 36, 100), Off(1, 1.5)])
    assert not masking.hear([sung(1.5 + TAIL_S / 2, 60)])
    assert masking.hear([sung(1.5 + 2 * TAIL_S, 60)])


@pytest.mark.parametrize("undone", [Revoke(1), Hush("bass"), Hush(), Panic()])
def test_what_never_sounded_masks_nothing(masking, undone):
    masking.book(0.9, [On(1, 1.0, "bass", 36, 100)])
    masking.book(0.95, [undone])
    assert masking.hear([sung(1.1, 60)])


def test_a_note_bound_anew_masks_its_new_pitch(masking):
    masking.book(0.9, [On(1, 1.0, "bass", 36, 100)])
    masking.book(0.95, [Replace(1, 43)])
    assert [note.pitch for note in masking.hear([sung(1.1, 60), sung(1.2, 67)])] == [60]


def test_our_pitch_classes_leave_the_chroma(masking):
    present(masking)
    masking.book(0.9, [On(1, 1.0, "bass", 36, 100), On(2, 1.0, "keys", 64, 100), drum(1.0, 3)])
    even = tuple([1 / 4 if pitch in (0, 4, 7, 11) else 0.0 for pitch in range(12)])
    (heard,) = masking.hear([hue(1.1, -20.0, even)])
    assert heard.chroma[7] == heard.chroma[11] == 0.25
    assert heard.chroma[0] == heard.chroma[4] == 0.0
    assert heard.level_db == -20.0


def test_our_own_sound_alone_is_silence(masking):
    alone(masking).book(8.9, [On(1, 9.0, "bass", 36, 100)])
    (heard,) = masking.hear([hue(9.1)])
    assert (heard.level_db, heard.chroma, heard.bass) == (SILENCE_DB, (), ())


def test_a_long_evening_is_forgotten(masking):
    for number in range(5000):
        masking.book(number * 0.1, [drum(number * 0.1, number), Off(number, number * 0.1 + 0.05)])
    assert len(masking._own) < 200


# ------------------------------------------------------------------ the whole band in one room

RATE_HZ, BLOCK, BLOCK_STEPS = 48000, 960, 4  # 20 ms
STEADY_S, GAP_S, ONE_S, STOP_S, END_S = 8.0, 0.5, 3.0, 12.0, 24.0
LOUD = 0.1  # of the performer in the microphone, the square mean


def comping():
    """A pianist: a chord on the beats, and every other one pushed."""
    found = []
    for number in range(int((STOP_S - ONE_S) / GAP_S)):
        begin_s = ONE_S + (number - (0.25 if number % 4 == 3 else 0.0)) * GAP_S
        for pitch in (48, 60, 64, 67) if number % 8 < 4 else (53, 60, 65, 69):
            found += [On(len(found), begin_s, "keys", pitch, 90)]
    return found + [Off(note.id, note.time_s + 0.3) for note in found]


def evening(make_stage, mike, bleed):
    """The pianist stops; the band plays on. The microphone hears both, the band `bleed` times as loud."""
    patch = replace(patches.load("bench"), microphones=(mike,), parts=("drums", "bass"))
    stage, analysis = make_stage(patch, seed=3, on_rest="keep"), Analysis(RATE_HZ, (mike,))
    assert stage.tap_in(1.0, GAP_S) == ONE_S
    coming, states, step = stage.events, {}, 0
    font = patches.font_path(patch)
    with Renderer(patch, RATE_HZ, font) as band, Renderer(patch, RATE_HZ, font) as piano:
        for send in comping():
            piano.at(round(send.time_s * RATE_HZ), send)
        for block in range(round(END_S * RATE_HZ / BLOCK)):
            for _ in range(BLOCK_STEPS):
                now_s = step * STEP_S
                due = [event for event in coming if event.time_s <= now_s]
                coming = [event for event in coming if event.time_s > now_s]
                for send in stage.band.step(now_s, due).sends:
                    if isinstance(send, On | Off):
                        band.at(round(send.time_s * RATE_HZ), send)
                states[step] = stage.band.heard
                step += 1
            ours, theirs = (one.render(BLOCK)["main"].mean(axis=1, keepdims=True) for one in (band, piano))
            coming += analysis.hear(theirs * (LOUD / 0.045) + ours * (LOUD / 0.0225) * bleed,
                                    (block + 1) * BLOCK / RATE_HZ)  # fmt: skip
    assert stage.state == "playing"

    def followed(from_s, until_s):
        """The share of a stretch in which the tracker follows somebody."""
        there = [states[index].state for index in range(step_index(from_s), step_index(until_s))]
        return sum(state in ("locking", "locked") for state in there) / len(there)

    return followed


@pytest.mark.parametrize("bleed", [0.2, 0.7])
def test_a_band_heard_only_by_itself_does_not_keep_itself_alive(make_stage, bleed):
    followed = evening(make_stage, PIANO, bleed)
    assert followed(STEADY_S, STOP_S) == 1.0  # while the pianist plays
    assert followed(STOP_S + PRESENT_S + 2.5, END_S) < 0.2  # a stray stroke may wake it for a moment


def test_unmasked_it_would(make_stage):
    """The same evening with a microphone that claims to stand in a closed booth: the band follows itself."""
    followed = evening(make_stage, replace(PIANO, bleed=0.0), 0.7)
    assert followed(STOP_S + PRESENT_S + 2.5, END_S) > 0.9
