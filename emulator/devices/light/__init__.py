"""Devices around the bridges, which differ by their profiles alone: ESME, GSME, IHD, CAD and HCALCS."""
