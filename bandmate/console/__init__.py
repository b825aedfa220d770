"""The terminal: what a performer sees and presses. A client of the band; never part of it."""
