"""Where the devices of a HAN stand: floor plans as data, read and checked."""
