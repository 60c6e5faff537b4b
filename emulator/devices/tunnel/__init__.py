"""The Tunnelling cluster with GBCS in it: the bridge's end and the hub's."""
