"""The command `althan`: `app` finds the command and turns errors into one line and a status; one module a command.

A command's module has a `typer.Typer` called `app` and is imported only when it is the one asked for: `--help` and
`--version` load typer and nothing heavier.  stdout carries results alone, stderr everything else.
"""
