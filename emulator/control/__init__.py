"""What people and other programs reach the emulator by: the command line, and HTTP; MQTT is to stand beside them.

On top of everything: may import any package, and nothing below imports it.  Each way in only reads its input, calls the
same API and prints or sends the outcome.
"""
