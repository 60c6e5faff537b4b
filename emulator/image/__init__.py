"""The OTA upgrade file: header and elements, building, signing, checking, spoiling on purpose, and flash to keep it in.

May import `core` alone.  This is a cold format, read once an update, so `construct` describes it here and nowhere else;
a block of an image on its way to the flash (`store`) is the one hot path, and takes plain octets.
"""
