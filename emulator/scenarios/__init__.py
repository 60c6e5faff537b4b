"""Whole runs: what is set up, what is done to it, and what is said of it afterwards.

May import `runtime`, `observe` and what lies below them.  A scenario is data (a plan) and one coroutine that carries it
out on the public Python API; the command line only reads options into a plan and shows what came of it.
"""
