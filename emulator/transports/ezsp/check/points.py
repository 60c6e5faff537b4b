"""Every point, in the order in which they are tried: those that keep a scene before those that spoil it."""

from __future__ import annotations

from emulator.transports.ezsp.check import alone, coming_back, joining, link_keys, messages
from emulator.transports.ezsp.check.point import Point
from emulator.transports.ezsp.check.stage import Scene

POINTS = (
    Point("setup.policies", Scene.EMPTY, alone.policies),
    Point("setup.configuration", Scene.EMPTY, alone.configuration),
    Point("cbke.on-stick", Scene.EMPTY, alone.own_cbke),
    Point("scan.active", Scene.EMPTY, alone.scan),
    Point("mfglib.listen", Scene.EMPTY, alone.mfglib, spoils=True),
    Point("form.network", Scene.EMPTY, alone.form, spoils=True),
    Point("keys.transient", Scene.FORMED, alone.transient_key),
    Point("keys.link-table", Scene.FORMED, alone.link_table),
    Point("fragments.option", Scene.FORMED, alone.fragment_option),
    Point("send.nobody", Scene.FORMED, alone.send_to_nobody),
    Point("resume.hub", Scene.FORMED, alone.resume_hub),
    Point("stop", Scene.FORMED, alone.stop, spoils=True),
    Point("leave", Scene.FORMED, alone.leave, spoils=True),
    # --- joining
    Point("join.closed", Scene.FORMED, joining.closed, more_sticks=1, spoils=True),
    Point("form.policy", Scene.OPEN, joining.no_key, spoils=True),
    Point("join.failure-statuses", Scene.OPEN, joining.wrong_key, spoils=True),
    Point("form.security-bits", Scene.EMPTY, joining.security_of_centre, more_sticks=1, spoils=True),
    Point("join.security-bits", Scene.OPEN, joining.security_of_router),
    # --- a router in the network
    Point("join.parent", Scene.ROUTER, joining.parent),
    Point("join.told", Scene.ROUTER, joining.told),
    Point("join.announced", Scene.ROUTER, joining.announced),
    Point("allow.transient", Scene.ROUTER, link_keys.transient_in_table),
    Point("send.unacknowledged", Scene.ROUTER, messages.unacknowledged, exchanged=False),
    Point("send.overhead", Scene.ROUTER, messages.overhead),
    Point("receive.link-key", Scene.ROUTER, messages.protection_told, exchanged=False),
    Point("fragments.first", Scene.ROUTER, messages.first_block),
    Point("fragments.reply", Scene.ROUTER, messages.long_messages, exchanged=False),
    Point("fragments.windows", Scene.ROUTER, messages.windows, exchanged=False),
    Point("resume.router", Scene.ROUTER, coming_back.resume_joiner),
    Point("rejoin.secured", Scene.ROUTER, coming_back.rejoin_secured),
    Point("network-key.rotation", Scene.ROUTER, coming_back.rotated),
    Point("keys.trust-centre-link", Scene.ROUTER, link_keys.by_import_key, spoils=True),
    Point("rejoin.unsecured", Scene.ROUTER, coming_back.rejoin_unsecured, spoils=True),
    Point("keys.table-for-centre", Scene.ROUTER, link_keys.by_table, spoils=True),
    Point("keys.old-refused", Scene.ROUTER, link_keys.old_refused, spoils=True),
    Point("keys.offered", Scene.ROUTER, link_keys.offered, spoils=True),
    Point("stop.silent", Scene.ROUTER, coming_back.silent, spoils=True),
    Point("leave.told", Scene.ROUTER, coming_back.leave_told, spoils=True),
    Point("remove.request", Scene.ROUTER, coming_back.remove_request, spoils=True),
    Point("remove.device", Scene.ROUTER, coming_back.remove_device, spoils=True),
    Point("swap-out", Scene.ROUTER, coming_back.swapped, more_sticks=1, spoils=True),
    # --- a sleepy end device in it
    Point("join.sleepy", Scene.OPEN, joining.security_of_sleepy),
    Point("poll", Scene.SLEEPY, messages.polled),
    Point("resume.sleepy", Scene.SLEEPY, coming_back.resume_joiner, spoils=True),
    Point("poll.parent-lost", Scene.SLEEPY, coming_back.parent_lost, spoils=True),
)
