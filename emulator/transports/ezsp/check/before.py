"""A stick before anything is done to it: who it is, and which network it would lose."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.eui64 import Eui64
from emulator.transports.ezsp.identity import StickIdentity, identity_of
from emulator.transports.ezsp.opening import open_stick
from emulator.transports.ezsp.status import Status
from emulator.transports.ezsp.stick import Stick, StickRefused
from emulator.transports.ezsp.uri import parse_stick


@dataclass(frozen=True, slots=True)
class StickBefore:
    """As it was found.

    Attributes:
        uri: as the user wrote it.
        network: PAN and channel of the network that it remembers, in words; None: none.
    """

    uri: str
    identity: StickIdentity
    network: str | None

    @property
    def eui64(self) -> Eui64:
        return self.identity.eui64

    def to_dict(self) -> dict[str, object]:
        """JSON-ready."""
        return {"uri": self.uri, **self.identity.to_dict(), "network": self.network}


async def look(uri: str) -> StickBefore:
    """Open a stick, ask it, and give it back as it was.

    Raises:
        BadInput: it cannot be opened.
        StickLost: it does not answer any more.
    """
    stick, lock = await open_stick(parse_stick(uri), _nothing)
    try:
        return StickBefore(uri, await identity_of(stick), await _network(stick))
    finally:
        await stick.close()
        if lock is not None:
            lock.release()


async def _network(stick: Stick) -> str | None:
    """Where it would go on; it is off the air again afterwards, and remembers as much as before."""
    # A stick goes on with a network only under the sizes and the profile that hosts set.
    await stick.write_configuration({})
    if await stick.status_of("networkInit", networkInitBitmask=0) != Status.OK:
        return None
    words = await _parameters(stick)
    await stick.reset()
    return words


async def _parameters(stick: Stick) -> str:
    try:
        parameters = (await stick.must("getNetworkParameters"))["parameters"]
    except StickRefused:
        return "which one it does not say"
    return f"PAN 0x{int(parameters.panId):04x}, channel {int(parameters.radioChannel)}"


def _nothing(reason: str) -> None:
    """A stick that is lost here is told of by the command that finds it so."""
