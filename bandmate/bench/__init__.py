"""`bandmate bench`: one file a benchmark; they print figures and never assert a time."""
