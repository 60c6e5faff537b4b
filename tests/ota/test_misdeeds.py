"""What client and server do wrong on purpose, when, and that the other side survives it."""

from __future__ import annotations

import random
from enum import Enum

import pytest

from emulator.core.clock import HOUR, MINUTE, SECOND
from emulator.core.errors import BadInput
from emulator.ota.behaviour import ClientBehaviour, ClientMisdeed
from emulator.ota.client_table import ClientState
from emulator.ota.policy import ServerMisdeed, ServerPolicy
from emulator.ota.rules import Rule, RuleBook, Scope, ScopeKind
from emulator.ota.settings import ClientSettings
from emulator.zigbee.clusters.ota import IMAGE_BLOCK_REQUEST, QUERY_NEXT_IMAGE_REQUEST, UPGRADE_END_REQUEST
from emulator.zigbee.frames.zcl_status import Status
from tests.ota.link import CLIENT, Link, image

OCTETS = image(1000)
ALWAYS = Scope()


class Deed(Enum):
    THIS = "this"
    THAT = "that"


def occasions(scope: Scope, number: int = 10) -> list[int]:
    book = RuleBook([Rule(Deed.THIS, scope)], random.Random(1))
    return [occasion for occasion in range(1, number + 1) if book.fires(Deed.THIS)]


@pytest.mark.parametrize(
    "scope, expected",
    [
        (Scope(ScopeKind.FIRST), [1]),
        (Scope(ScopeKind.NTH, 4), [4]),
        (Scope(ScopeKind.EVERY, 3), [3, 6, 9]),
        (Scope(ScopeKind.UNTIL, 3), [1, 2, 3]),
        (Scope(ScopeKind.FROM, 8), [8, 9, 10]),
        (Scope(ScopeKind.ALWAYS), list(range(1, 11))),
        (Scope(ScopeKind.CHANCE, 100), list(range(1, 11))),
    ],
)
def test_a_scope_covers_its_occasions(scope: Scope, expected: list[int]) -> None:
    assert occasions(scope) == expected


def test_chance_is_that_of_its_percent_and_the_same_every_time() -> None:
    hits = occasions(Scope(ScopeKind.CHANCE, 20), 1000)
    assert 150 < len(hits) < 250
    assert hits == occasions(Scope(ScopeKind.CHANCE, 20), 1000)


def test_each_misdeed_counts_its_own_occasions() -> None:
    book = RuleBook(
        [Rule(Deed.THIS, Scope(ScopeKind.FIRST)), Rule(Deed.THAT, Scope(ScopeKind.NTH, 2))], random.Random(1)
    )
    assert book.fires(Deed.THIS) is not None
    assert book.fires(Deed.THAT) is None
    assert book.fires(Deed.THAT) is not None


def test_a_scope_of_nothing_is_bad_input() -> None:
    with pytest.raises(BadInput):
        Scope(ScopeKind.NTH, 0)


def client(misdeed: ClientMisdeed, scope: Scope = ALWAYS, value: int = 0, octets: bytes = OCTETS) -> Link:
    return Link(octets, behaviour=ClientBehaviour((Rule(misdeed, scope, value),)))


def served(misdeed: ServerMisdeed, scope: Scope = ALWAYS, value: int = 0) -> Link:
    return Link(OCTETS, policy=ServerPolicy(rules=(Rule(misdeed, scope, value),)))


# Clients


def test_a_client_may_ignore_a_notify() -> None:
    link = client(ClientMisdeed.IGNORE_NOTIFY, Scope(ScopeKind.FIRST)).start().run(SECOND, lambda link: bool(link.sent))
    link = Link(None, behaviour=ClientBehaviour((Rule(ClientMisdeed.IGNORE_NOTIFY, Scope(ScopeKind.FIRST)),)))
    link.start().run(SECOND)
    link.serve(link.server.load(OCTETS, link.now, [CLIENT]))
    link.serve(link.server.notify(CLIENT, link.now))
    link.run(until=lambda link: bool(link.activated))
    assert link.reasons("ota.dropped") == ["misdeed"]
    assert link.reasons("ota.server.notify") == [None, "no-query"]


def test_a_client_may_ignore_an_offer() -> None:
    link = client(ClientMisdeed.IGNORE_OFFER, Scope(ScopeKind.FIRST)).start().run(HOUR)
    assert link.commands() == [QUERY_NEXT_IMAGE_REQUEST]


def test_a_client_may_ignore_blocks_and_gets_them_again() -> None:
    link = client(ClientMisdeed.IGNORE_BLOCK, Scope(ScopeKind.EVERY, 3)).update()
    assert link.activated == [OCTETS]
    view = link.server.session(CLIENT)
    assert view is not None
    assert view.repeated == link.client.counters.retries > 5


def test_a_client_may_ask_for_misaligned_blocks() -> None:
    link = client(ClientMisdeed.MISALIGNED_OFFSET, Scope(ScopeKind.NTH, 1), 3).update()
    assert link.activated == [OCTETS], "what comes is not what it needs, so it asks again"
    assert link.reasons("ota.dropped") == ["wrong-offset"]


def test_a_client_may_ask_for_a_block_twice() -> None:
    link = client(ClientMisdeed.REPEAT_BLOCK, Scope(ScopeKind.EVERY, 4)).update()
    assert link.activated == [OCTETS]
    assert set(link.reasons("ota.dropped")) == {"duplicate"}


def test_a_client_may_fall_quiet_for_a_while() -> None:
    link = client(ClientMisdeed.QUIET, Scope(ScopeKind.NTH, 10), 20_000).update()
    assert link.activated == [OCTETS]
    assert link.reasons("ota.waiting") == ["quiet"]
    assert link.now > 20 * SECOND


def test_a_client_may_stop_asking_until_it_is_restarted() -> None:
    link = client(ClientMisdeed.STOP_ASKING, Scope(ScopeKind.NTH, 10)).start().run(HOUR)
    assert link.client.state is ClientState.DOWNLOADING
    assert link.slot.received == 500
    assert link.client.next_timeout() is None
    link.behaviour = ClientBehaviour()
    link.restart_client().run(until=lambda link: bool(link.activated))
    assert link.activated == [OCTETS]


def test_a_client_may_abort_and_the_server_hears_why() -> None:
    link = client(ClientMisdeed.ABORT, Scope(ScopeKind.NTH, 10)).start().run(HOUR)
    assert [(done.status, done.reason) for done in link.finished] == [(Status.ABORT, "client-abort")]
    assert link.activated == []


def test_a_client_may_send_default_responses_in_between() -> None:
    link = client(ClientMisdeed.DEFAULT_RESPONSE, Scope(ScopeKind.FIRST), Status.FAILURE).update()
    assert link.activated == [OCTETS]
    assert link.reasons("ota.server.dropped") == ["unexpected"]


def test_a_client_may_begin_anew_after_every_lost_block() -> None:
    link = client(ClientMisdeed.RESTART_FROM_ZERO)
    link.fate = lambda *message: [] if message == ("up", 12) else [5_000]
    link.update()
    assert link.activated == [OCTETS]
    assert link.client.counters.blocks == 20 + 10


def test_a_client_may_claim_success_too_early() -> None:
    link = client(ClientMisdeed.UPGRADE_END_EARLY, Scope(ScopeKind.NTH, 3)).start().run(MINUTE)
    assert link.commands().count(IMAGE_BLOCK_REQUEST) == 3
    assert link.finished[0].status == Status.SUCCESS
    assert link.activated == [OCTETS[:150]], "this is the product that says 100 % and has nothing"


def test_a_client_may_end_with_any_status() -> None:
    link = client(ClientMisdeed.UPGRADE_END_STATUS, ALWAYS, 0xAB).start().run(HOUR)
    assert link.finished[0].reason == "status-ab"


def test_a_client_may_never_say_that_it_is_done() -> None:
    link = client(ClientMisdeed.NO_UPGRADE_END).start().run(HOUR)
    assert UPGRADE_END_REQUEST not in link.commands()
    assert link.finished == []


# Servers


@pytest.mark.parametrize(
    "misdeed, scope, value",
    [
        (ServerMisdeed.IGNORE_QUERY, Scope(ScopeKind.UNTIL, 2), 0),
        (ServerMisdeed.IGNORE_BLOCK_REQUEST, Scope(ScopeKind.EVERY, 3), 0),
        (ServerMisdeed.DELAY_BLOCK, Scope(ScopeKind.EVERY, 4), 3),
        (ServerMisdeed.WRONG_OFFSET, Scope(ScopeKind.EVERY, 4), 13),
        (ServerMisdeed.SHORT_BLOCK, ALWAYS, 7),
        (ServerMisdeed.IGNORE_UPGRADE_END, Scope(ScopeKind.UNTIL, 2), 0),
        (ServerMisdeed.ABORT_BLOCK, Scope(ScopeKind.NTH, 5), 0),
        (ServerMisdeed.IGNORE_BLOCK_REQUEST, Scope(ScopeKind.CHANCE, 30), 0),
    ],
)
def test_a_client_gets_its_image_in_spite_of_a_server_that_is_only_difficult(
    misdeed: ServerMisdeed, scope: Scope, value: int
) -> None:
    assert served(misdeed, scope, value).update().activated == [OCTETS]


def test_a_server_may_refuse_queries() -> None:
    link = served(ServerMisdeed.REFUSE_QUERY, ALWAYS, Status.NO_IMAGE_AVAILABLE).start().run(HOUR)
    assert link.reasons("ota.query") == ["poll", "no-image-available"]


def test_a_flipped_bit_is_found_by_the_verifier() -> None:
    link = served(ServerMisdeed.FLIP_BIT, Scope(ScopeKind.NTH, 10), 3)
    link.good = lambda octets: octets == OCTETS
    link.start().run(HOUR)
    assert link.activated == []
    assert link.finished[0].reason == "invalid-image"


def test_a_server_may_drop_blocks_of_a_page() -> None:
    policy = ServerPolicy(rules=(Rule(ServerMisdeed.DROP_PAGE_BLOCK, Scope(ScopeKind.EVERY, 5)),))
    link = Link(image(5000), policy=policy, settings=ClientSettings(page_requests=True)).update()
    assert link.activated == [image(5000)]
    assert link.client.counters.bytes_resent == 20 * 50
