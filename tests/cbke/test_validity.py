"""A partner's certificate outside its dates: no key, its reason and status, on whichever side it is."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.cbke.certificate import NO_END, decode_certificate
from emulator.cbke.checks import refused_certificate
from emulator.cbke.credentials import Credentials, check_credentials
from emulator.cbke.initiator import Initiator
from emulator.cbke.responder import Responder
from emulator.cbke.settings import InitiatorSettings, ResponderSettings, checked_epoch
from emulator.cbke.suite import SUITES
from emulator.core.clock import DAY, HOUR, VIRTUAL_EPOCH
from emulator.core.eui64 import Eui64
from emulator.core.rng import SeededStreams
from emulator.core.standards import Standards
from emulator.zigbee.clusters.key_establishment import TerminateKeyEstablishment, TerminateStatus
from tests.cbke.parties import BRIDGE, HUB, Way, authority, credentials, initiator, meeting, responder
from tests.cbke.test_attacks import is_safe, serves_again

A_DAY = 86_400
UNTIMELY = {
    "expired": (VIRTUAL_EPOCH - timedelta(days=2), A_DAY),
    "not-yet-valid": (VIRTUAL_EPOCH + timedelta(days=2), NO_END),
}


def dated(eui64: Eui64, valid_from: datetime, valid_for: int) -> Credentials:
    """Sound credentials with these dates."""
    return authority().issue(eui64, SeededStreams(1), valid_from, valid_for)


def with_certificate(own: Credentials, epoch: datetime | None) -> Way:
    """The bridge or the hub has this certificate, the other one its usual one; both look at dates, or neither."""
    if own.eui64 == BRIDGE:
        bridge = Initiator([own], random.Random(1), InitiatorSettings(epoch=epoch))
        return meeting(responder(epoch=epoch), bridge)
    hub = Responder([own], random.Random(1), ResponderSettings(epoch=epoch))
    return meeting(hub, initiator(epoch=epoch))


@pytest.mark.parametrize("untimely", UNTIMELY)
def test_a_bridges_certificate_outside_its_dates_gets_no_key_from_the_hub(untimely: str) -> None:
    way = with_certificate(dated(BRIDGE, *UNTIMELY[untimely]), VIRTUAL_EPOCH)
    way.start()
    way.run(until=HOUR)
    assert way.hub.failures == [f"certificate-{untimely}"]
    assert way.hub.messages == [TerminateKeyEstablishment(TerminateStatus.INVALID_CERTIFICATE, 0, 2)]
    assert way.bridge.failures == ["terminated"], "and no other try"
    is_safe(way)


@pytest.mark.parametrize("untimely", UNTIMELY)
def test_a_hubs_certificate_outside_its_dates_gets_no_key_from_the_bridge(untimely: str) -> None:
    way = with_certificate(dated(HUB, *UNTIMELY[untimely]), VIRTUAL_EPOCH)
    way.start()
    way.run(until=HOUR)
    assert way.bridge.failures == [f"certificate-{untimely}"], "and no other try"
    assert way.bridge.messages[1:] == [TerminateKeyEstablishment(TerminateStatus.INVALID_CERTIFICATE, 0, 2)]
    assert way.hub.failures == ["terminated"]
    assert way.bridge.keys == way.hub.keys == []
    serves_again(way)


@pytest.mark.parametrize("owner", [BRIDGE, HUB], ids=["bridge", "hub"])
@pytest.mark.parametrize("untimely", UNTIMELY)
def test_where_dates_are_not_looked_at_the_same_certificate_gets_a_key(owner: Eui64, untimely: str) -> None:
    way = with_certificate(dated(owner, *UNTIMELY[untimely]), None)
    way.start()
    way.run()
    assert len(way.bridge.keys) == len(way.hub.keys) == 1


@pytest.mark.parametrize("owner", [BRIDGE, HUB], ids=["bridge", "hub"])
def test_a_certificate_counts_until_it_expires_in_the_time_of_the_run(owner: Eui64) -> None:
    way = with_certificate(dated(owner, VIRTUAL_EPOCH, A_DAY), VIRTUAL_EPOCH)
    for now, keys in ((0, 1), (DAY - HOUR, 2), (DAY + HOUR, 2)):
        way.now = now
        way.start()
        way.run()
        assert len(way.bridge.keys) == len(way.hub.keys) == keys
    assert "certificate-expired" in way.bridge.failures + way.hub.failures


def test_a_partner_in_suite_1_has_no_dates_to_be_outside_of() -> None:
    far = datetime(2400, 1, 1, tzinfo=UTC)
    way = meeting(responder((1,), epoch=far), initiator(suites=(1,), epoch=far))
    way.start()
    way.run()
    assert len(way.bridge.keys) == len(way.hub.keys) == 1


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("date", [VIRTUAL_EPOCH, datetime(9999, 1, 1, tzinfo=UTC)], ids=["run", "for-ever"])
def test_a_certificate_of_the_test_authority_is_good_whatever_the_date(suite: int, date: datetime) -> None:
    assert refused_certificate(credentials(BRIDGE, suite).octets, credentials(HUB, suite), BRIDGE, date) is None


def test_the_published_certificates_of_both_annexes_are_good_at_any_date_since(published: dict[str, Any]) -> None:
    for one in published["full_exchange"]:
        suite = SUITES[one["suite"]]
        texts = (one["responder"][name] for name in ("cert", "private"))
        own = check_credentials(suite, *map(bytes.fromhex, (*texts, one["ca_pub"])))
        octets = bytes.fromhex(one["initiator"]["cert"])
        subject = decode_certificate(octets, suite).subject
        for date in (datetime(2013, 11, 26, tzinfo=UTC), VIRTUAL_EPOCH, datetime(9999, 1, 1, tzinfo=UTC)):
            assert refused_certificate(octets, own, subject, date) is None


@pytest.mark.parametrize("settings", [InitiatorSettings, ResponderSettings])
def test_the_switch_for_dates_is_obeyed_at_both_ends(
    settings: type[InitiatorSettings | ResponderSettings],
) -> None:
    on = settings(epoch=checked_epoch(Standards(), VIRTUAL_EPOCH))
    off = settings(epoch=checked_epoch(Standards({"cbke.time_checks": False}), VIRTUAL_EPOCH))
    assert (on.date(DAY), off.date(DAY)) == (VIRTUAL_EPOCH + timedelta(days=1), None)
