"""The band and its model: what is asked, the rungs of the ladder, late binding of what the model wrote."""

import itertools
from dataclasses import replace

import pytest

from bandmate import setlist as setlists
from bandmate.carrier import Carrier
from bandmate.events import PARTS, Ask, Hue, Phrase
from bandmate.harmony import Chord, canonical, degree_pitch
from bandmate.mind import Mind
from bandmate.rehearsal import load_take, make_band, prepare, rehearse, summary
from bandmate.show.take import Header
from bandmate.timing import step_index
from tests.conftest import STYLES, Stage
from tests.songbook import evening, song

SLOT_S = 0.25  # an eighth at 120
ROOT, FIFTH = 36, 43  # canonical degrees of a bass
UNSURE = (("", 0.0),) * 9


class FakeModel:
    """Writes a kick and a bass root on every beat, and remembers what it was asked."""

    def __init__(self, chords=UNSURE, degree=ROOT):
        self.asked, self.chords, self.degree = [], chords, degree

    def __call__(self, ask: Ask):
        self.asked.append(ask)
        return [self.phrase(ask, ask.beat, "fresh"), self.phrase(ask, ask.beat + 0.5, "tail")]

    def phrase(self, ask, beat, rung):
        notes = ()
        if beat % 1 == 0:
            notes = ((0, 0, 36, 100, 1, 0), (1, 0, self.degree, 90, 10, 0))
        return Phrase(0.0, beat, rung, notes, self.chords, ask.number)


class ModelStage(Stage):
    """A stage whose band has a model behind a delay."""

    def __init__(self, model, delay_ms=0.0, **params):
        super().__init__(**params)
        self.band.mind = Mind()
        self.carrier = Carrier(model, delay_ms)
        self.inner = self.band.step
        self.band.step = self._step  # type: ignore[method-assign]

    def _step(self, now_s, events):
        step = step_index(now_s)
        out = self.inner(now_s, [*events, *self.carrier.due(step)])
        self.carrier.carry(step, out.asks)
        return out

    def tapped(self, chords=((48, 60, 64, 67),), bars=4):
        """Tap in, and play a chord on every beat, another one each bar."""
        zero_s = self.tap_in()
        for bar in range(bars):
            self.comp(zero_s + bar * 2.0, 4, pitches=chords[bar % len(chords)])
        return zero_s


def test_every_slot_is_asked_for_once_and_in_time():
    model = FakeModel()
    stage = ModelStage(model)
    zero_s = stage.tapped()
    stage.play(zero_s + 6.0)
    beats = [ask.beat for ask in model.asked]
    assert beats[0] == 0.0
    assert beats == [index * 0.5 for index in range(len(beats))]
    assert [ask.number for ask in model.asked] == list(range(len(beats)))
    assert stage.band.mind.rungs["fresh"] == sum(stage.band.mind.rungs.values()) > 20


def test_what_the_model_writes_is_what_is_played():
    stage = ModelStage(FakeModel())
    zero_s = stage.tapped()
    stage.play(zero_s + 6.0)
    kicks = [round((note.on_s - zero_s) / 0.5, 1) for note in stage.notes("drums", zero_s - 0.1, zero_s + 5)]
    assert kicks == pytest.approx(range(len(kicks)), abs=0.1)
    assert {note.pitch % 12 for note in stage.notes("bass", zero_s, zero_s + 5)} == {0}
    assert stage.notes("keys") == []  # the model wrote none


def test_the_ask_tells_what_was_struck_held_and_played():
    model = FakeModel()
    stage = ModelStage(model)
    zero_s = stage.tapped(bars=3)
    stage.play(zero_s + 5.0)
    after = {ask.beat: ask for ask in model.asked}
    assert {pitch for pitch, _, _ in after[2.5].struck} == {48, 60, 64, 67}  # on beat 2
    assert {place for _, place, _ in after[2.5].struck} == {0}
    assert after[3.0].struck == ()
    assert after[3.0].tied == (48, 60, 64, 67)
    assert {(PARTS[part], place) for part, place, *_ in after[2.5].own} == {("drums", 0), ("bass", 0)}
    assert after[2.5].heard
    assert (after[2.5].root, after[2.5].quality) == (0, "")
    assert [after[beat].place for beat in (3.5, 4.0)] == [7, 0]
    assert after[2.5].chart == ()


def test_the_ask_tells_what_the_chart_says_of_the_next_eight_slots():
    model = FakeModel()
    stage = ModelStage(model, evening=evening(song("A: C | Gm7 | N.C. | F", "B:; bars = 2")))
    stage.say(0.0, "arm")
    stage.say(0.0, "start")
    stage.play(12.0)
    told = {ask.beat: ask.chart for ask in model.asked}
    assert told[0.0] == ("", *["0:"] * 8)
    assert told[2.0] == (*["0:"] * 5, *["7:m7"] * 4)
    assert told[8.0] == ("7:m7", *[""] * 8)
    assert told[14.0] == ("5:",) * 5  # two beats of it are left; then the band listens
    assert told[17.0] == ()


def test_a_performer_who_has_left_the_chart_leaves_the_model_without_it():
    model = FakeModel()
    stage = ModelStage(model, evening=evening(song("A: C | F | C | F")), follow=0.0)
    stage.say(0.0, "arm")
    stage.say(0.0, "start")
    stage.comp(2.1, 24, pitches=(49, 61, 64, 68))
    stage.play(14.0)
    assert stage.band.plan.astray
    assert model.asked[0].chart
    assert "5:" not in model.asked[-1].chart


def test_the_ask_tells_a_loop_that_was_heard_twice():
    model = FakeModel()
    stage = ModelStage(model)
    zero_s = stage.tapped(((48, 60, 64, 67), (45, 60, 64, 69), (53, 60, 65, 69), (43, 59, 62, 67)), bars=10)
    stage.play(zero_s + 18.0)
    told = {ask.beat: ask.chart for ask in model.asked}
    assert told[14.0] == ()
    assert told[34.0] == (*["0:"] * 5, *["9:m"] * 4)


@pytest.mark.parametrize(
    ("delay_ms", "rung"), [(0, "fresh"), (30, "fresh"), (200, "tail"), (1000, "understudy")]
)
def test_the_rung_is_as_late_as_the_model(delay_ms, rung):
    model = FakeModel()
    stage = ModelStage(model, delay_ms)
    zero_s = stage.tapped()
    stage.play(zero_s + 6.0)
    rungs = stage.band.mind.rungs
    assert rungs[rung] > 0.8 * sum(rungs.values())
    assert stage.notes("drums", zero_s, zero_s + 6)  # whoever plays, there is music
    assert stage.statuses[-1].rung == rung


def test_a_model_that_dies_leaves_no_hole():
    """After bar two nothing comes back any more: the understudy is there on the next eighth."""
    model = FakeModel()
    stage = ModelStage(model)
    zero_s = stage.tapped(bars=6)
    stage.play(zero_s + 4.0)
    stage.carrier.answer = lambda ask: []
    stage.play(zero_s + 8.0)
    onsets = sorted(note.on_s for note in stage.notes("drums", zero_s, zero_s + 8.0))
    assert max(after - before for before, after in itertools.pairwise(onsets)) < 0.6
    assert stage.band.mind.rungs["understudy"] > 10
    assert stage.band.mind.rungs["tail"] == 1


def test_what_the_model_wrote_is_bound_to_the_chord_as_it_turns_out():
    """The same degree, the fifth, over C and over F: G and C; a new chord begins with its root."""
    stage = ModelStage(FakeModel(degree=FIFTH))
    zero_s = stage.tapped(chords=((48, 60, 64, 67), (53, 65, 69, 72)), bars=4)
    stage.play(zero_s + 8.0)
    bars = [[note.pitch % 12 for note in stage.notes("bass", zero_s + bar * 2 + 0.3, zero_s + bar * 2 + 1.9)]
            for bar in range(1, 4)]  # fmt: skip
    assert bars == [[0, 0, 0], [7, 7, 7], [0, 0, 0]]
    assert [note.pitch % 12 for note in stage.notes("bass", zero_s + 1.9, zero_s + 2.2)] == [5]


def test_where_nobody_hears_a_chord_the_model_may_believe_one():
    """A line that has just begun calls for no chord; the model is sure of A minor, and the bass plays A."""
    sure = (("9:m", 0.9),) * 9
    stage = ModelStage(FakeModel(chords=sure))
    zero_s = stage.tap_in()
    for beat in range(5):
        stage.key(zero_s + beat * 0.5, 76, 0.3)
    stage.play(zero_s + 2.5)
    heard = {note.pitch % 12 for note in stage.notes("bass", zero_s + 1.0, zero_s + 2.5)}
    assert heard == {9}
    assert stage.band.chord == Chord(9, "m")


def test_without_roots_the_model_goes_before_an_ear_that_is_no_surer():
    """E G B D may be C without its root: the model, which heard the song, is sure that it is."""
    sure = (("0:maj7", 0.95),) * 9
    heard = []
    for chords in (UNSURE, sure):
        stage = ModelStage(FakeModel(chords=chords))
        zero_s = stage.tapped(chords=((52, 55, 59, 62),))
        stage.play(zero_s + 8.0)
        heard.append({note.pitch % 12 for note in stage.notes("bass", zero_s + 4.0, zero_s + 8.0)})
    assert heard == [{4}, {0}]


def test_a_loop_goes_on_under_who_rests_however_long_ago_the_last_root_was():
    """Three times round, then four bars of rest: the model is sure of nothing, and the loop knows."""
    loop = ((48, 60, 64, 67), (45, 60, 64, 69), (53, 60, 65, 69), (43, 59, 62, 67))
    stage = ModelStage(FakeModel())
    zero_s = stage.tapped(loop, bars=12)
    stage.play(zero_s + 33.0)
    bars = [{note.pitch % 12 for note in stage.notes("bass", zero_s + bar * 2 + 0.3, zero_s + bar * 2 + 1.7)}
            for bar in range(12, 16)]  # fmt: skip
    assert bars == [{chord[0] % 12} for chord in loop]


def test_a_root_that_is_held_for_bars_is_not_left_out():
    """A ballad: C6 is struck once and held; A minor, which the model rather believes, has no C below it."""
    stage = ModelStage(FakeModel(chords=(("9:m", 0.65),) * 9))
    zero_s = stage.tap_in()
    stage.chord(zero_s, (36, 60, 64, 69), 8.0)
    stage.play(zero_s + 7.0)
    assert stage.band.chord == Chord(0, "6")
    assert {note.pitch % 12 for note in stage.notes("bass", zero_s + 0.5, zero_s + 7.0)} == {0}


def test_a_guitar_in_a_microphone_leaves_no_roots_to_anybody():
    """Nothing low is ever struck there; yet what is heard of it, however faint, goes before the model."""
    stage = ModelStage(FakeModel(chords=(("9:m", 0.65),) * 9))
    zero_s = stage.tap_in()
    colour = tuple(0.5 if tone in (0, 4, 7) else 0.25 for tone in range(12))
    bass = tuple(float(tone == 0) for tone in range(12))
    stage.events += [Hue(zero_s + look * 0.05, -20.0, colour, bass) for look in range(120)]
    stage.play(zero_s + 6.0)
    assert stage.band.heard.chord_certainty < 0.9
    assert stage.band.chord == Chord(0)
    assert {note.pitch % 12 for note in stage.notes("bass", zero_s + 2.0)} == {0}


def test_what_the_model_writes_is_played_as_hard_as_the_energy_says():
    loud = []
    for energy in (0.0, 0.5, 1.0):
        stage = ModelStage(FakeModel(), energy=energy)
        zero_s = stage.tapped(bars=6)
        stage.play(zero_s + 12.0)
        loud.append({note.velocity for note in stage.notes("bass", zero_s + 10.0, zero_s + 12.0)})
    assert [len(each) for each in loud] == [1, 1, 1]
    soft, middle, hard = (each.pop() for each in loud)
    assert soft < middle < hard
    assert soft < 90 < hard  # what it wrote
    told = {row[3] for ask in stage.carrier.answer.asked for row in ask.own if row[0] == 1}
    assert told == {90 // 16}


def test_a_busy_performer_is_given_room_by_the_models_chords_as_well():
    model = FakeModel()
    stage = ModelStage(model)
    zero_s = stage.tap_in()
    for place in range(64):
        stage.key(zero_s + place * 0.125, 60 + place % 12, 0.1)  # four onsets a beat
    stage.play(zero_s + 8.0)
    drums, bass, keys = model.asked[-1].densities[:3]
    assert (drums, bass) == (0.5, 0.5)
    assert keys < 0.4


def test_breaks_and_endings_stay_the_bands():
    model = FakeModel()
    stage = ModelStage(model)
    zero_s = stage.tapped(bars=6)
    stage.say(zero_s + 4.1, "break")
    stage.play(zero_s + 8.2)
    in_the_break = stage.notes("drums", zero_s + 6.6, zero_s + 7.4)  # then a pickup may come
    assert in_the_break == []
    stage.say(zero_s + 8.3, "ending")
    stage.play(zero_s + 16.0)
    assert stage.state == "off"
    assert stage.sounding == []


def test_not_that_is_kept_with_the_song_and_no_other_song_knows_of_it(tmp_path):
    path = tmp_path / "song.toml"
    path.write_text('title = "Mine"\npatch = "bench"\nchart = "C | F"\n')
    mine = setlists.load_song(str(path))
    stage = ModelStage(FakeModel(), evening=evening(mine, song("A: C")))
    stage.say(0.0, "arm")
    stage.say(0.0, "start")
    stage.play(6.0)
    stage.say(6.0, "not-that")
    stage.say(6.1, "store")
    stage.play(6.2)
    part, much = next(iter(stage.band.night.less.items()))
    setlists.store_in_song(stage.stores[0])
    assert f"[less]\n{part} = {much}" in path.read_text()
    stage.say(6.3, "stop")
    stage.say(6.5, "next-song")
    stage.play(6.6)
    assert stage.band.night.less == {}
    model = FakeModel()
    again = ModelStage(model, evening=evening(setlists.load_song(str(path))))
    again.say(0.0, "arm")
    again.say(0.0, "start")
    again.play(4.0)
    assert model.asked[0].densities[PARTS.index(part)] == pytest.approx(0.5 - much)


def test_a_restarted_band_remembers_what_it_is_to_do_less_of():
    stage = ModelStage(FakeModel())
    zero_s = stage.tapped(bars=4)
    stage.say(zero_s + 4.1, "not-that")
    stage.play(zero_s + 6.5)
    again = make_band(Header(stage.band.rig, 1, {}, stage.states[-1], 10.0), STYLES)
    assert again.night.less == stage.band.night.less != {}


def test_not_that_asks_for_less_of_what_it_just_did():
    model = FakeModel()
    stage = ModelStage(model)
    zero_s = stage.tapped(bars=6)
    stage.play(zero_s + 4.0)
    stage.say(zero_s + 4.1, "not-that")
    stage.say(zero_s + 4.2, "again")
    stage.play(zero_s + 6.0)
    before, after = model.asked[4], model.asked[-1]
    fallen = [
        part for part, was, now in zip(PARTS, before.densities, after.densities, strict=True) if now < was
    ]
    assert fallen == ["drums"] or fallen == ["bass"]
    assert (before.again, after.again) == (0, 1)


def test_what_is_steered_reaches_the_model():
    model = FakeModel()
    stage = ModelStage(model, wild=0.8, tension=0.9, blend=0.5, blend_style="swing")
    zero_s = stage.tapped()
    stage.play(zero_s + 2.0)
    ask = model.asked[-1]
    assert (ask.wild, ask.tension, ask.blend, ask.blend_style) == (0.8, 0.9, 0.5, "swing")
    assert ask.densities == (0.5, 0.5, 0.5, -1.0, -1.0, -1.0)  # the bench's band
    assert (ask.style, round(ask.bpm), ask.bar_slots) == ("pop-rock", 120, 8)


def test_a_rehearsal_with_a_model_is_the_same_twice_and_says_who_played(tmp_path):
    take, header = prepare(load_take(_midi(tmp_path)), "bench", 1, {"join": "count"}, [])
    first, again = (rehearse(take, header, STYLES, FakeModel(), 100.0) for _ in range(2))
    assert first.ledger.played() == again.ledger.played()
    told = summary(first, first.ledger.played())
    assert told["player"] == "model"
    assert told["model_delay_ms"] == 100.0
    assert sum(told["rungs"].values()) == first.slots


@pytest.mark.parametrize(
    "notes", [((0, 0, 36),), ((9, 0, 36, 90, 3, 0),), ((1, 0, 400, 90, 3, 0),), ((1, 0, 36, 0, 0, 0),)]
)
def test_a_phrase_that_no_model_wrote_is_nothing(notes):
    stage = ModelStage(lambda ask: [Phrase(0.0, ask.beat, "fresh", notes, UNSURE, ask.number)])
    zero_s = stage.tapped()
    stage.play(zero_s + 4.0)
    assert stage.statuses[-1].rung == "understudy"
    assert stage.notes("drums", zero_s, zero_s + 4.0)


def test_a_take_with_phrases_needs_no_model():
    """What came back is in the take: a replay plays the same notes, and asks nobody."""
    stage = ModelStage(FakeModel())
    inbox = []
    inner = stage.inner

    def recorded(now_s, events):
        inbox.extend((step_index(now_s), event) for event in events)
        return inner(now_s, events)

    stage.inner = recorded
    zero_s = stage.tapped()
    stage.play(zero_s + 6.0)
    replay = Stage()
    replay.band.mind = Mind()
    for step, event in inbox:
        replay.events.append(replace(event, time_s=min(event.time_s, step * 0.005)))
    replay.play(zero_s + 6.0)
    assert [(n.part, n.pitch, round(n.on_s, 3)) for n in replay.notes()] == [
        (n.part, n.pitch, round(n.on_s, 3)) for n in stage.notes()
    ]


@pytest.mark.parametrize("quality", ["", "m", "7", "maj7", "sus4", "dim7", "m7b5", "aug", "6"])
def test_chord_tones_stay_chord_tones_over_any_colour(quality):
    """Canonical root, third, fifth of any chord are its first three tones."""
    chord = Chord(2, quality)
    assert sorted(canonical(quality)) == list(range(12))
    assert tuple(degree_pitch(degree, chord) % 12 for degree in (60, 64, 67)) == chord.tones[:3]


def _midi(folder):
    import mido

    song = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    song.tracks.append(track)
    for bar in range(6):
        for beat in range(4):
            for pitch in (48, 60, 64, 67):
                track.append(mido.Message("note_on", note=pitch, velocity=80, time=0))
            track.append(mido.Message("note_off", note=48, time=440))
            for pitch in (60, 64, 67):
                track.append(mido.Message("note_off", note=pitch, time=0))
            track.append(mido.Message("note_off", note=1 + bar + beat, time=40))
    path = folder / "performer.mid"
    song.save(path)
    return path
