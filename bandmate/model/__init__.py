"""The player's mind: what it is trained on, the network, the training, and how it is served.

`grid` and `styles` are the representation (numpy alone); `charts`, `mma`, `midisongs` and `corpus` make
the training set (offline, with mido); `batch`, `net` and `training` need torch and are imported only
inside the functions and the process that run them. Imports the bottom layer and nothing of other rooms.
"""
