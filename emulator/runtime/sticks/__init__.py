"""Virtual sticks by the wall clock: the bench that they stand on, what goes wrong with them, what they keep in files.

Also what is known of sticks that can be bought: profiles, ports that may be one, whether a firmware file is for one.
"""
