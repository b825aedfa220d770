"""bandmate: an AI bandmate for live performance that plays with you, in your tempo, on a laptop."""

__version__ = "0.1.0"
