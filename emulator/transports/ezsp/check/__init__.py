"""The check of a user's own sticks: every point of `assumptions`, tried out, and what was seen.

`findings` is what comes of it, `before` how the sticks were found.  A `seat` is one stick under check: an `EzspPort`
with everything that it hears kept, and its bare `Stick` between the port's jobs.  A `stage` puts sticks into the scene
that a point needs (nothing, a network formed, a joiner in it).  A `point` names its assumption and has a coroutine that
answers what it saw, or raises `Otherwise` or `NotTried`; those about a stick alone are in `alone`, those about two in
`joining`, `link_keys`, `messages` and `coming_back`, and `points` is the table of all.  `run` tries them one by one,
each bounded in time, and leaves the sticks without a network.
"""
