"""Whatever a wire does, and whoever restarts when: the right image, or none and a reason; never a mixture."""

from __future__ import annotations

import random
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from emulator.core.clock import DAY, MILLISECOND, SECOND
from emulator.ota.client_table import ClientState
from emulator.ota.policy import Activation, ServerPolicy
from emulator.ota.settings import ClientSettings
from emulator.zigbee.clusters.ota import TO_CLIENT
from tests.ota.link import CLIENT, NEW_VERSION, Link, identity_of, image

IMAGES = [image(700), image(700, NEW_VERSION + 1, seed=2), image(650, NEW_VERSION + 2, seed=3)]
TERMINAL = {ClientState.IDLE, ClientState.OFF, ClientState.ACTIVATING, ClientState.SEEKING, ClientState.QUERYING}


@dataclass(frozen=True)
class Wire:
    """What a wire does to each message, by chance: percentages, and the longest delay in ms."""

    lost: int
    doubled: int
    delay_ms: int


@dataclass(frozen=True)
class Incident:
    """Something that happens after so many ms."""

    after_ms: int
    what: str


WIRES = st.builds(Wire, st.integers(0, 60), st.integers(0, 50), st.sampled_from([1, 50, 3000, 7000]))
INCIDENTS = st.lists(
    st.builds(
        Incident,
        st.integers(1, 3000),
        st.sampled_from(["client", "server", "both", "server-empty", "other-image", "garbage", "busy", "quiet"]),
    ),
    max_size=6,
)
SETTINGS = st.builds(
    ClientSettings,
    block_octets=st.sampled_from([13, 50, 64, 255]),
    page_requests=st.booleans(),
    page_octets=st.sampled_from([60, 256, 1024]),
    min_block_period_ms=st.sampled_from([None, 0, 100]),
    send_node_address=st.booleans(),
    poll_interval=st.just(DAY),
)
POLICIES = st.builds(
    ServerPolicy,
    block_octets=st.sampled_from([20, 64, 255]),
    page_requests=st.booleans(),
    min_block_period_ms=st.sampled_from([0, 0, 300]),
    activation=st.sampled_from(Activation),
    activation_delay_s=st.sampled_from([0, 30]),
    wildcards=st.booleans(),
    tells_time=st.booleans(),
)


def spoil(link: Link, wire: Wire, rng: random.Random) -> None:
    def fate(_direction: str, _ordinal: int) -> list[int]:
        copies = 0 if rng.random() * 100 < wire.lost else 1 + (rng.random() * 100 < wire.doubled)
        return [rng.randrange(1, wire.delay_ms * MILLISECOND + 1) for _ in range(copies)]

    link.fate = fate


def happen(link: Link, what: str, rng: random.Random) -> None:
    match what:
        case "client":
            link.restart_client()
        case "server":
            link.restart_server()
        case "both":
            link.restart_server().restart_client()
        case "server-empty":
            link.server = type(link.server)(link.policy, link.rng)
        case "other-image":
            link.octets = rng.choice(IMAGES)
            link.serve(link.server.load(link.octets, link.now, [CLIENT]))
        case "garbage":
            for command_id in sorted(TO_CLIENT):
                link.deliver(command_id, rng.randbytes(rng.randrange(40)))
        case "busy":
            link.server.set_busy(link.now + 3 * SECOND)
        case _:
            link.run(30 * SECOND)


@given(
    wire=WIRES, incidents=INCIDENTS, settings=SETTINGS, policy=POLICIES, seed=st.integers(0, 2**32), first=st.booleans()
)
def test_an_update_ends_with_the_right_image_or_with_none_and_a_reason(
    wire: Wire, incidents: list[Incident], settings: ClientSettings, policy: ServerPolicy, seed: int, first: bool
) -> None:
    rng = random.Random(seed)
    link = Link(IMAGES[0], settings=settings, policy=policy, seed=seed, good=lambda octets: octets in IMAGES)
    spoil(link, wire, rng)
    if first:
        link.serve(link.server.notify(CLIENT, 0))
    link.start()
    for incident in incidents:
        link.run(incident.after_ms * MILLISECOND)
        happen(link, incident.what, rng)
    link.run(2 * DAY)

    assert all(octets in IMAGES for octets in link.activated), "never a mixture"
    identity = link.slot.identity
    if identity is not None:
        whole = next(octets for octets in IMAGES if identity_of(octets) == identity)
        assert link.slot.read(0, 10_000) == whole[: link.slot.received], "never an octet of another image"
    if not link.activated:
        assert link.client.state in TERMINAL
        assert any(reason for kind in ("ota.query", "ota.failed", "ota.refused") for reason in link.reasons(kind))
    assert link.kinds().count("ota.dropped") == sum(reason is not None for reason in link.reasons("ota.dropped"))


@given(seed=st.integers(0, 2**32), percent=st.integers(0, 50), pages=st.booleans())
def test_without_restarts_loss_alone_never_stops_an_update(seed: int, percent: int, pages: bool) -> None:
    rng = random.Random(seed)
    link = Link(IMAGES[0], settings=ClientSettings(page_requests=pages), seed=seed)
    spoil(link, Wire(percent, 0, 5), rng)
    link.start().run(30 * DAY, until=lambda link: bool(link.activated))
    assert link.activated == [IMAGES[0]]
    assert link.client.counters.blocks == 14
