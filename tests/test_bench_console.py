"""`bandmate bench console`: what its figures say, and how a terminal counts what is drawn."""

from __future__ import annotations

import os

import pytest

from bandmate.bench import console
from bandmate.bench.stage import Record
from bandmate.bench.terminal import ANSWER, ASKED, UPDATE, Terminal, work_s


def evening(late_s, **guest):
    return console.Evening(Record(notes_s=[late_s] * 100), guest)


def test_the_cost_is_the_difference_of_the_two_p99s():
    *_, cost = console._cost([evening(0.0009)], [evening(0.0005)])
    assert cost.value == pytest.approx(0.4)
    assert cost.met
    *_, cost = console._cost([evening(0.0012)], [evening(0.0005)])
    assert cost.met is False
    assert console._cost([], [])[-1].value is None


def test_the_worst_run_of_the_keys_counts():
    runs = [console.Evening(Record(), {}, (0.01,) * 99 + (0.2,)), console.Evening(Record(), {}, (0.05,) * 20)]
    (figure,) = console._keys(runs)
    assert (figure.value, figure.met) == (pytest.approx(50.0), False)
    assert console._keys([evening(0.0)])[0].value is None


def test_every_size_has_its_lines_and_one_a_bar():
    found = console._sizes({size: evening(0.0, share=0.2, updates=18.0, mb=41.0) for size in console.SIZES})
    assert [figure.bar for figure in found if figure.bar] == [console.CORE]
    assert all(figure.value is not None for figure in found)
    assert len(found) == 9


def test_updates_are_counted_over_the_edge_of_a_read_and_the_question_is_answered(tmp_path):
    import socket

    ours, theirs = socket.socketpair()
    terminal = Terminal("main", 80, 24)
    terminal.ours = ours.fileno()
    said = UPDATE + b"one" + UPDATE + b"two" + ASKED
    for piece in (said[:4], said[4:13], said[13:]):
        theirs.send(piece)
        terminal.drain(0.0)
        terminal._read()
    assert (terminal.updates, terminal.bytes) == (2, len(said))
    assert theirs.recv(100) == ANSWER
    for end in (ours, theirs):
        end.close()


def test_who_works_is_seen_working():
    before = work_s(os.getpid())
    if before is None:
        pytest.skip("nobody tells how long a process has worked")
    while work_s(os.getpid()) < before + 0.02:
        sum(range(10000))
    assert work_s(10**8) is None
