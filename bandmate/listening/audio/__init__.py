"""From sound to events: what a microphone hears, as strokes, notes and hues. Pure; the ears process runs it.

The only room inside the listening room that loads aubio; the band's process must not import it.
"""
