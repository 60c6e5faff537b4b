"""A running HAN over HTTP: what it is made of, GBCS messages to its devices and from them, their security logs.

`application` maps `RunningHan` to paths, `bodies` says what requests and answers look like, `guard` bounds what comes
in, `server` listens; `client` is the other end, on the standard library, for `althan gbcs send`.

There is no authentication, which is why only this machine is listened to unless the user says otherwise.
"""
