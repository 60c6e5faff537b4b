"""Devices around the bridges that differ by their profiles alone: ESME, GSME, IHD, CAD and HCALCS."""
