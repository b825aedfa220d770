"""The show: takes, what is made of them, and the demo performer."""
