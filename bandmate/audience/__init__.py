"""The audience: readings of sensors become one mood, and the performer's governor says what it may do.

Pure and deterministic, in any process. Imports only the bottom layer.
"""
