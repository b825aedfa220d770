"""Who plays what: the understudy's drums, bass, keys, guitar and pad, out of readable style tables.

`style.load_style` reads a style before the count-in, `players.play` asks one part for one eighth
note, `binding.Binder` turns a degree into a pitch when the note is sent. Runs in the band's loop.
Imports only the bottom layer: never listening, transport, model or ports.
"""
