"""The listening room: what was just played, understood as tempo, beats, bars, chords, key and feel.

Runs in the band process inside one logical step: no clock, no input or output, no threads, no
draws of chance; the same events give the same `Heard`. Imports only the bottom layer.
"""
