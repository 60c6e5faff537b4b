"""Finds out what is at a port, and puts firmware into a stick, whatever runs on it.

`listening` is a look at the port with nothing but its octets: a Gecko bootloader's menu, or an ASH reset that is
answered.  `ezsp_facts` asks a stick that speaks EZSP what it is.  Other firmware (Spinel, CPC, a router) is looked for,
and images are written, by universal-silabs-flasher: the extra `flash`, which `silabs` alone imports and `extra` knows
how to get.  `probing` puts the looks in order; `writing` is bootloader, image, and start.

What is to be written has been read and judged before, and is not looked at here.
"""
