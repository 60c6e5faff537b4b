"""The Gecko bootloader of a virtual stick: a menu on a serial line, and firmware by XMODEM.  Imports `core` alone.

One sans-IO object, `machine.Bootloader`: octets of the host and `now` go in, effects come out.  `xmodem` receives the
file, `gbl` reads it while it comes, `firmware_metadata` says what is in it, `gbl_build` makes such files.  Which state
follows stands in `machine_table` and `xmodem_table`.  Texts, waits and error codes are those of Silicon Labs' public
sources (GSDK 4.x, platform/bootloader) and application note AN1085, down to the NUL after each text.

How it is used, by whoever puts ASH, EZSP and this behind one byte stream:

* The host sends EZSP launchStandaloneBootloader.  Answer it, let ASH send the answer, then call `start`: from now on
  every octet goes to `received`, and ASH sees none.
* Call `on_timeout` at `next_timeout`, and pass on `WriteOctets` in the order given.
* On `ImageReceived` store `image.octets`: the file is whole, its check sum is right, there is an application in it, and
  only now does it replace what was there.  A transfer that is cut, wherever, tells nothing of the kind.
* On `RunApplication` start what is stored: `firmware_metadata.read_metadata(gbl.read_gbl(octets))` names the version of
  the stack and so of EZSP; from then on the octets are ASH's.  Where nothing can be started, call `start` again, as a
  chip does that finds no application: the host sees the menu once more and knows.
* On `BootloaderReplaced` remember the version; the menu shows it already.
* Unplugged, or reset by a pin: `stop`; `start` brings the menu back.  That a connection ends tells a bootloader
  nothing, so nothing is to be called for that.

A pin that holds a chip in its bootloader is nothing a virtual stick can have; `start` is what it would come to.
"""
