"""The quick headers are those of the general encoders and decoders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.errors import DecodeError, LocalProtocolError
from emulator.zigbee.frames import aps, mac, nwk
from emulator.zigbee.node import headers

octet = st.integers(0, 0xFF)
word = st.integers(0, 0xFFFF)


@given(octet, word, word, word, st.binary(max_size=116), st.booleans())
def test_mac_data_is_what_the_general_encoder_makes(
    sequence: int, pan: int, destination: int, source: int, payload: bytes, acknowledge: bool
) -> None:
    frame = mac.MacFrame(mac.FrameType.DATA, sequence, pan, destination, pan, source, payload, acknowledge)
    psdu = headers.mac_data(sequence, pan, destination, source, payload, acknowledge=acknowledge)
    assert psdu == mac.encode(frame)
    assert headers.read_mac_data(psdu) == (destination, source, sequence, acknowledge)


def test_a_payload_too_long_for_a_psdu_is_refused() -> None:
    with pytest.raises(LocalProtocolError):
        headers.mac_data(0, 0, 0, 0, bytes(117), acknowledge=False)


@given(st.binary(max_size=40))
def test_reading_mac_data_agrees_with_the_general_decoder_on_any_octets(body: bytes) -> None:
    psdu = body + mac.fcs(body).to_bytes(2, "little")
    read = headers.read_mac_data(psdu)
    if read is None:
        return
    frame = mac.decode(psdu)
    assert read == (frame.destination, frame.source, frame.sequence, frame.acknowledge)
    assert frame.payload == psdu[headers.MAC_HEADER_OCTETS : -mac.FCS_OCTETS]


@given(st.sampled_from(nwk.NwkFrameType), word, word, octet, octet, st.booleans())
def test_the_nwk_header_is_what_the_general_encoder_makes(
    kind: nwk.NwkFrameType, destination: int, source: int, radius: int, sequence: int, secure: bool
) -> None:
    frame = nwk.NwkFrame(kind, destination, source, radius, sequence, b"", secure)
    octets = headers.nwk_header(kind, destination, source, radius, sequence, secure=secure)
    assert octets == nwk.encode_header(frame)
    assert headers.read_nwk_header(octets) == (
        headers.NwkHeader(kind, destination, source, radius, sequence, secure),
        len(octets),
    )


@given(st.binary(max_size=40))
def test_reading_an_nwk_header_agrees_with_the_general_decoder_on_any_octets(data: bytes) -> None:
    try:
        frame, octets = nwk.decode_header(data)
    except DecodeError:
        with pytest.raises(DecodeError):
            headers.read_nwk_header(data)
        return
    expected = headers.NwkHeader(
        frame.type, frame.destination, frame.source, frame.radius, frame.sequence, frame.security, frame.source_eui64
    )
    assert headers.read_nwk_header(data) == (expected, octets)


@given(st.tuples(octet, octet), word, word, octet, st.booleans(), st.booleans(), st.booleans())
def test_the_aps_header_is_what_the_general_encoder_makes(
    endpoints: tuple[int, int],
    cluster: int,
    profile: int,
    counter: int,
    secure: bool,
    acknowledge: bool,
    broadcast: bool,
) -> None:
    delivery = aps.DeliveryMode.BROADCAST if broadcast else aps.DeliveryMode.UNICAST
    frame = aps.ApsFrame(
        aps.ApsFrameType.DATA, counter, delivery, *endpoints, cluster, profile, b"", secure, acknowledge
    )
    octets = headers.aps_data_header(
        endpoints, cluster, profile, counter, secure=secure, acknowledge=acknowledge, broadcast=broadcast
    )
    assert octets == aps.encode_header(frame)
    read = headers.read_aps_header(octets)
    assert (read is None) is broadcast
    if read is not None:
        assert read == (False, endpoints[0], cluster, profile, endpoints[1], counter, secure, acknowledge, None)


def test_an_aps_field_that_does_not_fit_is_refused() -> None:
    with pytest.raises(LocalProtocolError):
        headers.aps_data_header((256, 1), 0, 0, 0, secure=False, acknowledge=False, broadcast=False)


@given(octet, octet, word, word, octet, st.booleans(), st.booleans())
def test_the_acknowledgement_header_is_what_the_general_encoder_makes(
    destination: int, source: int, cluster: int, profile: int, counter: int, secured: bool, secure: bool
) -> None:
    received = headers.ApsHeader(False, destination, cluster, profile, source, counter, secured, True)
    frame = aps.ApsFrame(
        aps.ApsFrameType.ACKNOWLEDGEMENT,
        counter,
        destination_endpoint=source,
        source_endpoint=destination,
        cluster=cluster,
        profile=profile,
        security=secure,
    )
    octets = headers.aps_acknowledgement_header(received, secure=secure)
    assert octets == aps.encode_header(frame)
    assert headers.read_aps_header(octets) == (
        True,
        source,
        cluster,
        profile,
        destination,
        counter,
        secure,
        False,
        None,
    )


@given(st.binary(max_size=16))
def test_reading_an_aps_header_agrees_with_the_general_decoder_on_any_octets(data: bytes) -> None:
    read = headers.read_aps_header(data)
    if read is None:
        return
    frame, octets = aps.decode_header(data)
    assert octets == headers.APS_HEADER_OCTETS
    assert read == (
        frame.type is aps.ApsFrameType.ACKNOWLEDGEMENT,
        frame.destination_endpoint,
        frame.cluster,
        frame.profile,
        frame.source_endpoint,
        frame.counter,
        frame.security,
        frame.acknowledge,
        None,
    )
