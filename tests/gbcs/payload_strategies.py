"""Any payload there can be, for Hypothesis: one strategy for each type in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

from hypothesis import strategies as st

from emulator.core.eui64 import Eui64
from emulator.gbcs.roles import KeyUsage
from emulator.gbcs.use_cases import (
    ccs01,
    ccs02,
    ccs03,
    ccs05,
    ccs07,
    ccs08,
    cs02a,
    cs02b,
    cs02b_outcome,
    cs02c,
    cs02d,
    cs02e,
    cs03,
    cs04,
    cs06,
    cs07,
    cs08,
    cs09,
    cs14,
    firmware_receipt,
    generic_alert,
)
from emulator.gbcs.use_cases.cells import Certificate, TrustAnchorCell
from emulator.gbcs.use_cases.chf_device_log import ActionResponse, Backup, HashedKey
from emulator.gbcs.use_cases.payload import Payload
from emulator.gbcs.use_cases.seq_numbers import SeqNumberChange, SpecialistSeqNumber

U8 = st.integers(0, 0xFF)
I8 = st.integers(-0x80, 0x7F)
U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFFFFFF)
U64 = st.integers(0, 2**64 - 1)
ENTITIES = U64.map(Eui64)
DATES = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31, 23, 59, 59)).map(  # noqa: DTZ001 - st's
    lambda date: date.replace(microsecond=0, tzinfo=UTC)
)
ROLES = st.integers(0, 127)
STATUSES = st.integers(0, 127)
USAGES = st.sampled_from(KeyUsage)
SEQUENCES = st.binary(max_size=300).map(lambda content: b"\x30\x82" + len(content).to_bytes(2, "big") + content)
CERTIFICATES = st.builds(Certificate, SEQUENCES)
CELLS = st.builds(TrustAnchorCell, ROLES, USAGES, U8)
IDENTIFIERS = st.binary(min_size=8, max_size=8)
DATE_TIMES = st.binary(min_size=12, max_size=12)
HASHES = st.binary(min_size=32, max_size=32)


Item = TypeVar("Item")


def tuples(items: st.SearchStrategy[Item]) -> st.SearchStrategy[tuple[Item, ...]]:
    return st.lists(items, max_size=3).map(tuple)


SPECIALISTS = tuples(st.builds(SpecialistSeqNumber, U8, U64))
CHANGES = tuples(st.builds(SeqNumberChange, ROLES, U64, st.none() | SPECIALISTS))
KEY_NAMES = st.builds(cs02b_outcome.KeyName, ENTITIES, IDENTIFIERS)
OUTCOMES = st.builds(
    cs02b_outcome.ExecutionOutcome,
    U64,
    U8,
    CHANGES,
    tuples(st.builds(cs02b_outcome.ReplacementOutcome, CELLS, STATUSES, KEY_NAMES, KEY_NAMES)),
)
CONTROLS = st.builds(
    cs02b.Control,
    mode=U8,
    authorising_seq_number=U64,
    authorising_cell=st.none() | CELLS,
    plaintext_symmetric_key=st.none() | st.binary(min_size=1, max_size=64),
    disapply_time_checks=st.booleans(),
    new_floor_seq_number=st.none() | U64,
    new_specialist_floor_seq_numbers=st.none() | SPECIALISTS,
    other_seq_number_changes=st.none() | CHANGES,
)
ROLE_DETAILS = st.builds(
    cs02a.RoleDetails,
    ROLES,
    STATUSES,
    st.none() | U64,
    st.none() | tuples(st.builds(cs02a.CellDetails, USAGES, ENTITIES, IDENTIFIERS, U8)),
)
ACTIVATIONS = st.builds(cs06.ExecutionOutcome, U8, U32)
HASHED_KEYS = st.builds(HashedKey, ENTITIES, st.just(b"") | st.binary(min_size=16, max_size=16))
BACKUPS = st.builds(Backup, DATE_TIMES, ENTITIES, tuples(HASHED_KEYS))
THREE_SIGNALS, THREE_QUALITIES = st.tuples(I8, I8, I8), st.tuples(U8, U8, U8)
ACTIVE_DEVICES = st.builds(
    ccs05.ActiveDevice, ENTITIES, U8, THREE_SIGNALS, THREE_QUALITIES, DATE_TIMES, U8, U8, U8, U8, U8
)

PAYLOAD_STRATEGIES: Mapping[type[Payload], st.SearchStrategy[Payload]] = {
    ccs01.Command: st.builds(ccs01.Command, U32, ENTITIES, st.binary(min_size=16, max_size=16), U8, U16, st.booleans()),
    ccs01.Response: st.builds(ccs01.Response, U32, U8, U8, U8),
    ccs02.Command: st.builds(ccs02.Command, U32, ENTITIES),
    ActionResponse: st.builds(ActionResponse, U32, U8),
    ccs03.Command: st.builds(ccs03.Command, U32, ENTITIES, tuples(HASHED_KEYS)),
    ccs05.Command: st.builds(ccs05.Command, U32),
    ccs05.Response: st.builds(ccs05.Response, U32, st.none() | tuples(ACTIVE_DEVICES), U8),
    ccs07.Command: st.builds(ccs07.Command, U32),
    ccs07.Response: st.builds(ccs07.Response, U32, st.none() | BACKUPS, st.none() | BACKUPS, U8, U8),
    ccs08.Alert: st.builds(ccs08.Alert, U16, DATES, ENTITIES, U32, U8),
    cs02a.Command: st.builds(cs02a.Command, CELLS, tuples(ROLES)),
    cs02a.Response: st.builds(cs02a.Response, tuples(ROLE_DETAILS)),
    cs02b.Command: st.builds(
        cs02b.Command,
        CONTROLS,
        tuples(st.builds(cs02b.Replacement, CERTIFICATES, CELLS)),
        tuples(CERTIFICATES),
        st.none() | DATES,
    ),
    cs02b_outcome.Response: st.builds(cs02b_outcome.Response, st.none() | OUTCOMES),
    cs02b_outcome.Alert: st.builds(cs02b_outcome.Alert, U16, DATES, OUTCOMES),
    cs02c.Command: st.builds(cs02c.Command, USAGES),
    cs02c.Response: st.builds(cs02c.Response, SEQUENCES) | st.builds(cs02c.Response, st.none(), U8),
    cs02d.Command: st.builds(cs02d.Command, CERTIFICATES),
    cs02d.Response: st.builds(cs02d.Response, U8),
    cs02e.Command: st.builds(cs02e.Command, USAGES),
    cs02e.Response: st.builds(cs02e.Response, CERTIFICATES) | st.builds(cs02e.Response, st.none(), U8),
    cs03.Command: st.builds(cs03.Command, U8, ENTITIES, U8, st.none() | CERTIFICATES),
    cs03.Response: st.builds(cs03.Response, U8),
    cs04.Command: st.builds(cs04.Command, ENTITIES),
    cs04.Response: st.builds(cs04.Response, U8),
    cs06.Command: st.builds(cs06.Command, HASHES, U64, st.none() | DATES),
    cs06.Response: st.builds(cs06.Response, st.none() | ACTIVATIONS),
    cs06.Alert: st.builds(cs06.Alert, U16, DATES, U64, ACTIVATIONS),
    cs07.Command: st.builds(cs07.Command),
    cs07.Response: st.builds(cs07.Response, U8, st.none() | tuples(st.builds(cs07.JoinedDevice, ENTITIES, U8))),
    cs08.Command: st.builds(cs08.Command),
    cs08.Response: st.builds(cs08.Response, U32, U8),
    cs09.Alert: st.builds(cs09.Alert, DATES, U32, U8, U16),
    cs14.Alert: st.builds(cs14.Alert, U32, DATE_TIMES, BACKUPS, U16),
    firmware_receipt.EsmeAlert: st.builds(firmware_receipt.EsmeAlert, U32, U16, DATE_TIMES, HASHES),
    firmware_receipt.GsmeAlert: st.builds(firmware_receipt.GsmeAlert, U16, U32, HASHES, U8),
    generic_alert.Alert: st.builds(generic_alert.Alert, U16, U32, U8, st.binary(max_size=40)),
    generic_alert.DlmsAlert: st.builds(
        generic_alert.DlmsAlert, U32, U16, DATE_TIMES, st.integers(2, 4), st.binary(min_size=10, max_size=40)
    ),
}
