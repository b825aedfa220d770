"""The scheduler, whatever happens: in every order of notes, tempos, chords and cues, nothing hangs."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bandmate.events import Hush, Note, Off, On, Revoke
from bandmate.harmony import Chord
from tests.desk import HORIZON_S, Desk

wanted = st.builds(
    Note,
    st.sampled_from(["drums", "bass", "keys", "lead", "click"]),
    st.sampled_from([-0.5, 0.0, 0.05, 0.25, 0.5, 1.0, 1.5, 2.0]),  # from now on
    st.sampled_from([0.01, 0.25, 0.5, 1.0, 2.0]),
    st.sampled_from(["1", "3", "5", "?"]),
    st.just(80),
    st.floats(-0.02, 0.02),
)
happenings = st.one_of(
    st.tuples(st.just("go"), st.integers(1, 60)),
    st.tuples(st.just("want"), st.lists(wanted, min_size=1, max_size=6)),
    st.tuples(st.just("tempo"), st.floats(40, 300)),
    st.tuples(st.just("count"), st.sampled_from([-1.0, -0.5, 0.5, 1.0])),
    st.tuples(st.just("turn"), st.sampled_from(["C", "F", "G", "Bbm7", "F#dim"])),
    st.tuples(st.just("strike"), st.none()),
    st.tuples(st.just("likely"), st.booleans()),
    st.tuples(st.just("resting"), st.booleans()),
    st.tuples(st.just("latency"), st.sampled_from([0.0, 0.03, 0.15])),
    st.tuples(st.just("drop"), st.sampled_from(["bass", "drums"])),
    st.tuples(st.just("cut"), st.sampled_from(["bass", "drums", "keys"])),
    st.tuples(st.just("hush"), st.none()),
)
holds = st.tuples(st.just("hold"), st.sampled_from([2.0, 1e9]))


def let_happen(desk, what, value):
    scheduler, now_s = desk.scheduler, desk.now_s
    if what == "go":
        desk.go(value)
    elif what == "want":
        here = desk.beatmap.beat_at(now_s)
        scheduler.add([replace(note, beat=here + note.beat) for note in value], now_s)
    elif what == "tempo":
        desk.beatmap = desk.beatmap.at_tempo(value, now_s)
    elif what == "count":
        desk.beatmap = desk.beatmap.moved(value, now_s)
    elif what == "latency":
        scheduler.horizon_s = HORIZON_S + value
    elif what == "drop":
        scheduler.drop(lambda note: note.part != value)
    elif what == "cut":
        desk.book(scheduler.cut(now_s, lambda note: note.part == value))
    elif what == "hold":
        scheduler.sustain(desk.beatmap.beat_at(now_s) + value)
    elif what == "hush":
        desk.book(scheduler.hush())
        assert desk.ledger.hanging == len(scheduler.sounding) == 0
    elif what == "strike":
        desk.strike()
    elif what == "turn":
        desk.turn(Chord.parse(value))
    else:
        setattr(desk, what, value)


@settings(deadline=None, max_examples=200)
@given(st.lists(happenings, max_size=25))
def test_every_note_ends_by_itself(story):
    desk = Desk()
    for what, value in story:
        let_happen(desk, what, value)
    desk.beatmap = desk.beatmap.at_tempo(300, desk.now_s)  # and now we let it run out, quickly
    desk.until(desk.now_s + desk.beatmap.seconds(40))
    assert desk.ledger.hanging == len(desk.scheduler.sounding) == 0
    ended = {send.id for send in (*desk.sent(Off), *desk.sent(Revoke))}
    assert desk.sent(Hush) or {on.id for on in desk.sent(On)} == ended


@settings(deadline=None, max_examples=100)
@given(st.lists(happenings | holds, max_size=25), st.booleans())
def test_whatever_is_held_and_cut_a_hush_or_a_cut_ends_it(story, hush):
    desk = Desk()
    for what, value in story:
        let_happen(desk, what, value)
    desk.book(desk.scheduler.hush() if hush else desk.scheduler.cut(desk.now_s, lambda _: True))
    assert desk.ledger.hanging == 0
