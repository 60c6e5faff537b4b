"""The lines that hosts reach a virtual stick by: TCP, a pty, and memory.  The only part of `ncp` that knows asyncio.

A line passes octets and tells when a host comes and goes; time and what follows from it are the caller's: every call
into the stick goes through `Enter`, which brings the agenda of the run up to date before and after.
"""
