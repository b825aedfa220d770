"""The hardware edge: MIDI, audio and the synth."""
