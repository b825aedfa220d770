"""Readings to mood: every sensor against itself, nobody more than a voice, the same in any grouping."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandmate.audience.mood import ONE_VOICE, STEPS, Mood, Partial, gathered
from bandmate.audience.sketch import Sketch
from bandmate.audience.sources import MOST_OF_A_HOST, MOST_SOURCES, Gathering
from bandmate.moods import Reading
from bandmate.wire import decode, encode

EVERY_S = 0.1
VOICES = 20


def say(voice, time_s, *values, kind="motion", host="127.0.0.1", local=True, sensor="/motion"):
    return Reading(time_s, host, str(voice), sensor, kind, values, 1.0, local)


class Hall:
    """Voices who shake their phones, ten times a second, in units of their own."""

    def __init__(self, seed=1, voices=VOICES):
        self.gathering, self.chance = Gathering(), random.Random(seed)
        self.units = [self.chance.uniform(0.1, 30) for _ in range(voices)]
        self.now_s = 0.0

    def shake(self, seconds, how, *, only=None, wild=()):
        """`how` much they all move; those of `wild` as much as they can."""
        for _ in range(round(seconds / EVERY_S)):
            self.now_s += EVERY_S
            for voice, unit in enumerate(self.units):
                if only is None or voice in only:
                    shake = 50.0 if voice in wild else how
                    place = [unit * self.chance.gauss(0, shake) for _ in range(3)]
                    self.gathering.hear(say(voice, self.now_s, *place))
        return self

    @property
    def partial(self):
        return self.gathering.partial(self.now_s)

    @property
    def mood(self):
        return self.partial.mood()


# ------------------------------------------------------------------ one sensor against itself


def test_a_crowd_as_ever_is_in_the_middle_whatever_its_units():
    assert Hall().shake(40, 0.3).mood.energy == pytest.approx(0.5, abs=0.06)
    assert Hall().shake(40, 8.0).mood.energy == pytest.approx(0.5, abs=0.06)


def test_a_cheer_lifts_it_and_a_hush_lowers_it():
    hall = Hall().shake(40, 0.3)
    assert hall.shake(6, 2.0).mood.energy > 0.8
    assert hall.shake(20, 0.3).mood.energy == pytest.approx(0.5, abs=0.12)
    assert hall.shake(6, 0.02).mood.energy < 0.2


def test_nobody_is_believed_at_once_and_twenty_are():
    hall = Hall(voices=1)
    assert hall.mood == Mood(0.5, 0.0, 0.0)
    assert hall.shake(0.3, 1.0).mood.confidence < 0.2
    assert 0.3 < hall.shake(20, 1.0).mood.confidence < 0.45
    assert Hall().shake(20, 1.0).mood.confidence > 0.9


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, -0.0, 1e9])
def test_one_absurd_number_is_one_among_many(number):
    calm, absurd = (Hall(seed=3, voices=6).shake(10, 0.3) for _ in range(2))
    absurd.gathering.hear(say(0, absurd.now_s + 0.01, number, 0.0, 0.0))
    assert absurd.mood.energy == pytest.approx(calm.mood.energy, abs=0.01)
    assert math.isfinite(absurd.shake(2, 0.3).mood.energy)


def test_a_heart_and_a_runners_steps_count_like_any_sensor():
    gathering = Gathering()
    for step in range(600):
        time_s = step * 0.5
        hard = step >= 560
        for kind, easy in (("pulse", 110.0), ("steps", 160.0)):
            value = easy + (step % 5) + (40.0 if hard else 0.0)
            gathering.hear(say("runner", time_s, value, kind=kind, sensor=kind))
    mood = gathering.partial(300.0).mood()
    assert mood.energy > 0.85
    assert gathering.partial(300.0).voices == pytest.approx(1.0, abs=0.05)  # two sensors, one voice


def test_a_camera_program_says_what_it_sees_outright():
    gathering = Gathering()
    gathering.hear(say("camera", 0.0, 0.9, kind="energy", sensor="e"))
    gathering.hear(say("camera", 0.0, -0.4, kind="valence", sensor="v"))
    mood = gathering.partial(0.0).mood()
    assert (mood.energy, mood.valence) == (pytest.approx(0.9), pytest.approx(-0.4))


# ------------------------------------------------------------------ pranksters and the dead


@pytest.mark.parametrize("seed", range(4))
def test_a_prankster_among_twenty_moves_the_mood_by_less_than_a_calm_voice(seed):
    calm = Hall(seed).shake(30, 0.3)
    pranked = Hall(seed).shake(30, 0.3)
    without = Hall(seed).shake(30, 0.3)
    calm.shake(10, 0.3)
    pranked.shake(10, 0.3, wild=(7,))
    without.shake(10, 0.3, only=set(range(VOICES)) - {7})
    one_voice = 1.0 / VOICES  # of the whole scale: what one of twenty weighs in a plain mean
    assert abs(pranked.mood.energy - calm.mood.energy) < one_voice
    assert abs(pranked.mood.energy - without.mood.energy) < one_voice


@given(
    st.lists(st.floats(0.3, 0.7), min_size=19, max_size=19),
    st.floats(0.3, 0.7),
    st.sampled_from([0.0, 1.0]),
)
def test_whatever_nineteen_say_a_wild_one_adds_less_than_its_share(others, calm, wild):
    def mood_with(level):
        partial = Partial()
        for each in [*others, level]:
            partial.say("energy", each, ONE_VOICE)
        return partial.mood().energy

    moved = abs(mood_with(wild) - mood_with(calm))
    assert moved < abs(wild - calm) / VOICES + 1 / STEPS
    assert moved < 1 / VOICES


def test_talking_a_hundred_times_as_fast_gives_no_more_say():
    hall = Hall().shake(20, 0.3)
    for index in range(3000):
        hall.gathering.hear(say(7, hall.now_s + index * 0.001, 1e6 * (index % 2), 0.0, 0.0))
    assert hall.gathering.partial(hall.now_s).voices <= VOICES
    assert hall.gathering.partial(hall.now_s).mood().energy == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("dead", [1, 7, VOICES])
def test_a_dead_sensor_is_gone_in_eight_seconds(dead):
    hall = Hall(voices=VOICES).shake(5, 0.3)
    alive = set(range(dead, VOICES))
    hall.shake(4.0, 0.3, only=alive)
    gone = [hall.gathering.sources["127.0.0.1", str(voice), "/motion"] for voice in range(dead)]
    assert all(0 < source.counts(hall.now_s) < 0.9 for source in gone)  # they fade out
    hall.shake(4.0, 0.3, only=alive)
    assert all(source.counts(hall.now_s) == 0 for source in gone)
    assert hall.partial.voices <= len(alive)
    if not alive:
        assert hall.mood == Mood()


def test_a_dead_sensor_does_not_freeze_the_mood():
    hall = Hall(voices=3).shake(30, 0.3)
    hall.shake(4, 3.0)
    assert hall.mood.energy > 0.75
    assert hall.gathering.partial(hall.now_s + 8.0).mood() == Mood()


# ------------------------------------------------------------------ who is a voice


def test_a_phone_with_three_sensors_is_one_voice_and_a_host_that_claims_to_be_many_is_too():
    gathering = Gathering()
    for step in range(400):
        for voice in range(10):
            gathering.hear(say(voice, step * EVERY_S, float(step % 7), host="10.0.0.7", local=False,
                               kind="level", sensor=f"/{voice}/level"))  # fmt: skip
    assert gathering.partial(40.0).voices <= 1.0


def test_the_room_is_never_over_full():
    gathering = Gathering()
    for voice in range(MOST_SOURCES + 50):
        gathering.hear(say(voice, 1.0, 1.0, kind="level"))
    assert len(gathering.sources) == MOST_SOURCES
    assert gathering.turned_away == 50
    gathering.hear(say("late", 1000.0, 1.0, kind="level"))  # everybody has gone home by then
    assert len(gathering.sources) == 1
    for sensor in range(MOST_OF_A_HOST + 5):
        gathering.hear(say("x", 1000.0, 1.0, kind="level", host="10.0.0.8", local=False, sensor=str(sensor)))
    assert len(gathering.sources) == 1 + MOST_OF_A_HOST


# ------------------------------------------------------------------ adding up


says = st.tuples(st.sampled_from(["energy", "valence"]), st.floats(-2, 2), st.integers(0, 5000))


@given(st.lists(says, max_size=40), st.randoms(use_true_random=False))
def test_any_grouping_of_the_voices_gives_the_same_mood(voices, chance):
    whole = Partial()
    for said in voices:
        whole.say(*said)
    groups = [Partial() for _ in range(chance.randint(1, 6))]
    for said in voices:
        chance.choice(groups).say(*said)
    chance.shuffle(groups)
    one_by_one = gathered(groups)
    as_a_tree = groups[0] if len(groups) == 1 else gathered([gathered(groups[:2]), gathered(groups[2:])])
    assert one_by_one == as_a_tree == whole
    assert one_by_one.mood() == as_a_tree.mood() == whole.mood()


@given(st.lists(says, max_size=20))
def test_a_partial_crosses_the_wire_whole(voices):
    partial = Partial()
    for said in voices:
        partial.say(*said)
    assert Partial.of(decode(encode(partial.readings(1.5)))) == partial


@given(st.lists(st.floats(-1e12, 1e12), max_size=60), st.floats(-1e6, 1e6), st.integers(0, 60))
def test_sketches_add_up_and_count_what_is_smaller(numbers, number, cut):
    whole, first, second = Sketch(), Sketch(), Sketch()
    for at, each in enumerate(numbers):
        whole.add(each)
        (first if at < cut else second).add(each)
    assert (first + second).counts == whole.counts
    assert (first + second).below(number) == whole.below(number)
    clearly = sum(each < number - 0.03 * abs(number) - 0.01 for each in numbers)
    perhaps = sum(each <= number + 0.03 * abs(number) + 0.01 for each in numbers)
    assert clearly <= whole.below(number) <= perhaps


def test_a_sketch_stays_small():
    sketch, chance = Sketch(), random.Random(1)
    for _ in range(50_000):
        sketch.add(chance.uniform(-1, 1) * 10 ** chance.uniform(-9, 12))
    assert len(sketch.counts) < 3000
