"""Points about one stick: what it takes, forms, keeps and leaves."""

from __future__ import annotations

from typing import Any, Final

from emulator.core.clock import SECOND
from emulator.core.errors import LocalProtocolError
from emulator.core.eui64 import Eui64
from emulator.ports.aps import ApplicationZdo, NetworkDown
from emulator.transports.ezsp import keys, network
from emulator.transports.ezsp.callbacks import APS_FRAGMENT, APS_RETRY, APS_ROUTE_DISCOVERY, ApsHeader, MessageSent
from emulator.transports.ezsp.check.findings import Otherwise
from emulator.transports.ezsp.check.seat import ENDPOINT, SETTINGS, Seat
from emulator.transports.ezsp.check.stage import CLUSTER, PROFILE, Stage
from emulator.transports.ezsp.settings import KeyMethod
from emulator.transports.ezsp.setup import POLICIES
from emulator.transports.ezsp.status import Status
from emulator.transports.ezsp.structures import aps_frame, eui64, status_name

NOBODY: Final = 0x7A5C
"""A short address that is given to nobody here: the sticks have no other neighbours in their network."""
TAG: Final = 0xF7
_LIBRARIES: Final = {"CBKE 163k1": 0x06, "CBKE 163k1 signing": 0x07, "CBKE 283k1": 0x0D}
"""Numbers in `library.h` of EmberZNet."""
_PRESENT: Final = 0x80
_LIBRARY_ERROR: Final = 0xFF
_ZDO_FLAGS, _FRAGMENT_WINDOW, _KEY_TABLE = 0x2A, 0x1C, 0x1E
_NO_NETWORK: Final = 0
_OUTCOME_WITHIN: Final = 30 * SECOND


async def policies(stage: Stage) -> str:
    """Each as it is set."""
    said = {}
    for name, (policy, decision) in POLICIES.items():
        said[name] = await stage.hub.status_of("setPolicy", policyId=policy, decisionId=decision)
    return _all_ok(said)


async def configuration(stage: Stage) -> str:
    """Set, and read back."""
    wanted = {
        "KEY_TABLE_SIZE": (_KEY_TABLE, SETTINGS.key_table),
        "APPLICATION_ZDO_FLAGS": (_ZDO_FLAGS, ApplicationZdo.SUPPORTED.value),
        "FRAGMENT_WINDOW_SIZE": (_FRAGMENT_WINDOW, 3),
    }
    for name, (number, value) in wanted.items():
        status = await stage.hub.status_of("setConfigurationValue", configId=number, value=value)
        kept = int((await stage.hub.ask("getConfigurationValue", configId=number))["value"])
        if status != Status.OK or kept != value:
            raise Otherwise(f"{name} = {value}: {status_name(status)}, then {kept}")
    return ", ".join(f"{name} {value}" for name, (_, value) in wanted.items())


async def own_cbke(stage: Stage) -> str:
    """A stick that has it is none of ours: the assumption does not hold, and nothing is lost by it."""
    said = {}
    for name, number in _LIBRARIES.items():
        said[name] = int((await stage.hub.ask("getLibraryStatus", libraryId=number))["status"])
    there = [name for name, status in said.items() if status & _PRESENT and status != _LIBRARY_ERROR]
    if there:
        raise Otherwise(f"there is: {', '.join(there)}")
    return ", ".join(f"{name}: 0x{status:02x}" for name, status in said.items())


async def mfglib(stage: Stage) -> str:
    """On, to a channel, off."""
    said = {"mfglibStart": await stage.hub.status_of("mfglibStart", rxCallback=True)}
    said["mfglibSetChannel"] = await stage.hub.status_of("mfglibSetChannel", channel=stage.channel)
    said["mfglibEnd"] = await stage.hub.status_of("mfglibEnd")
    return _all_ok(said)


async def scan(stage: Stage) -> str:
    """Of the channel that the check is on."""
    found = await stage.hub.run(lambda stick: network.scan(stick, (stage.channel,)))
    return f"{len(found)} networks on channel {stage.channel}"


async def form(stage: Stage) -> str:
    """Form, and ask what was formed."""
    wanted = stage.new_network()
    result = await stage.form(stage.hub, wanted)
    if isinstance(result, NetworkDown):
        raise Otherwise(f"{result.reason}: {stage.hub.statuses()}")
    key = await stage.hub.run(network.network_key)
    found = result.channel, result.pan_id, result.extended_pan_id, key
    if found != (wanted.channel, wanted.pan_id, wanted.extended_pan_id, wanted.network_key):
        raise Otherwise(f"channel {result.channel}, PAN 0x{result.pan_id:04x}, network key as given: "
                        f"{key == wanted.network_key}")  # fmt: skip
    return f"{stage.hub.statuses()}; all as given"


async def transient_key(stage: Stage) -> str:
    """In, back, and out."""
    hub, device, key = stage.hub, stage.new_device(), stage.new_key()
    await hub.run(lambda stick: keys.allow(stick, device, key))
    answer = await hub.must("exportTransientKeyByEui", eui64=eui64(device))
    if _key_of(answer) != key:
        raise Otherwise("exportTransientKeyByEui gives another key")
    await hub.ask("clearTransientLinkKeys")
    status = await hub.status_of("exportTransientKeyByEui", eui64=eui64(device))
    if status == Status.OK:
        raise Otherwise("it is there after clearTransientLinkKeys")
    return f"taken and given back; cleared, it is {status_name(status)}"


async def link_table(stage: Stage) -> str:
    """A device that is new gets a free entry; its next key takes the same one."""
    hub, device = stage.hub, stage.new_device()
    places = []
    for key in (stage.new_key(), stage.new_key()):
        await _put(hub, device, key)
        places.append(await entry_of(hub, device))
        if await link_key_of(hub, device) != key:
            raise Otherwise(f"exportLinkKeyByEui gives another key than importLinkKey was given (entry {places[-1]})")
    if places[0] != places[1]:
        raise Otherwise(f"its second key is in entry {places[1]}, the first one was in {places[0]}")
    await hub.run(lambda stick: keys.forget(stick, device))
    left = await entry_of(hub, device)
    if left != keys.NO_ENTRY:
        raise Otherwise(f"eraseKeyTableEntry leaves it in entry {left}")
    return f"entry {places[0]}, both times"


async def _put(hub: Seat, device: Eui64, key: bytes) -> None:
    await hub.run(lambda stick: keys.put_in_force(stick, device, key, KeyMethod.LINK_TABLE))


async def entry_of(seat: Seat, device: Eui64) -> int:
    """Where the table has a device; 255: nowhere."""
    return int((await seat.ask("findKeyTableEntry", address=eui64(device), linkKey=True))["index"])


async def link_key_of(seat: Seat, device: Eui64) -> bytes | None:
    """What the table has for it; None: nothing."""
    answer = await seat.ask("exportLinkKeyByEui", eui64=eui64(device))
    return _key_of(answer) if await seat.status_of("exportLinkKeyByEui", eui64=eui64(device)) == Status.OK else None


async def fragment_option(stage: Stage) -> str:
    """Two blocks to nobody: what counts is that they are taken."""
    first = await send_raw(stage.hub, NOBODY, bytes(8), APS_FRAGMENT, 2 << 8)
    second = await send_raw(stage.hub, NOBODY, bytes(8), APS_FRAGMENT, 1, first)
    return f"both taken, APS counters {first} and {second}"


async def send_raw(
    seat: Seat, destination: int, payload: bytes, options: int = 0, group: int = 0, sequence: int = 0
) -> int:
    """sendUnicast, past the port; the APS counter that it got."""
    header = ApsHeader(
        PROFILE, CLUSTER, ENDPOINT.endpoint, ENDPOINT.endpoint, options | APS_RETRY | APS_ROUTE_DISCOVERY, group,
        sequence,
    )  # fmt: skip
    answer = await seat.must(
        "sendUnicast", type=0, indexOrDestination=destination, apsFrame=aps_frame(header), messageTag=TAG,
        messageContents=payload,
    )  # fmt: skip
    return int(answer["sequence"])


async def send_to_nobody(stage: Stage) -> str:
    """The status must be one that is told apart from success, and that the port knows by name."""
    hub = stage.hub
    await send_raw(hub, NOBODY, bytes(8))
    word = await hub.until(
        lambda: next((each for each in hub.heard if isinstance(each, MessageSent) and each.tag == TAG), None),
        _OUTCOME_WITHIN,
    )
    if word is None:
        raise Otherwise(f"no messageSentHandler within {_OUTCOME_WITHIN // SECOND} s")
    if word.status == Status.OK:
        raise Otherwise("OK, as if it had been delivered")
    if word.status not in Status._value2member_map_:
        raise Otherwise(f"{status_name(word.status)}, which is taken for a lost acknowledgement")
    return status_name(word.status)


async def stop(stage: Stage) -> str:
    """What a stick that was reset says of itself; whether it is heard, two sticks tell (`stop.silent`)."""
    await stage.hub.run(lambda stick: stick.reset())
    state = int((await stage.hub.ask("networkState"))["status"])
    if state != _NO_NETWORK:
        raise Otherwise(f"networkState is {state}")
    return "networkState: no network"


async def resume_hub(stage: Stage) -> str:
    """Off and on again."""
    return await resumed(stage, stage.hub)


async def resumed(stage: Stage, seat: Seat) -> str:
    """Reset a stick and let it go on; where it is afterwards."""
    seat.port.stop(seat.clock())
    seat.clear()
    try:
        seat.port.resume(seat.clock())
    except LocalProtocolError as error:
        raise Otherwise(str(error)) from error
    result = await seat.network_result()
    if isinstance(result, NetworkDown):
        raise Otherwise(f"{result.reason}: {seat.statuses()}")
    if (result.channel, result.extended_pan_id) != (stage.network.channel, stage.network.extended_pan_id):
        raise Otherwise(f"in another network, on channel {result.channel}")
    return f"{seat.statuses()}, as 0x{result.short:04x}"


async def leave(stage: Stage) -> str:
    """For good."""
    hub = stage.hub
    await hub.run(lambda stick: network.leave(stick, SETTINGS.network_within))
    seen = hub.statuses()
    if status_name(Status.NETWORK_DOWN) not in seen:
        raise Otherwise(seen)
    await hub.run(lambda stick: stick.reset())
    await hub.run(lambda stick: stick.write_configuration({}))
    status = await hub.status_of("networkInit", networkInitBitmask=0)
    if status == Status.OK:
        raise Otherwise(f"{seen}; then networkInit goes on with a network")
    return f"{seen}; then networkInit: {status_name(status)}"


def _all_ok(said: dict[str, int]) -> str:
    """All names; Otherwise with the names of those that were not taken."""
    wrong = [f"{name}: {status_name(status)}" for name, status in said.items() if status != Status.OK]
    if wrong:
        raise Otherwise(", ".join(wrong))
    return ", ".join(said)


def _key_of(answer: dict[str, Any]) -> bytes:
    return bytes(answer["plaintext_key"].serialize())
