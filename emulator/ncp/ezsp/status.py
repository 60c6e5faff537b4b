"""What a stick answers: one set of statuses for all versions.

Up to EZSP 13 most commands answer an EmberStatus of one octet and the configuration commands an EzspStatus of one
octet; the security manager's commands, and from EZSP 14 on nearly all, an sl_Status of four.  The number of a status
follows from the type of the field it stands in; `emulator.ncp.tables` knows the numbers.
"""

from __future__ import annotations

from enum import Enum


class StatusType(Enum):
    """The types a status field may have."""

    EMBER = "EmberStatus"
    EZSP = "EzspStatus"
    SL = "sl_Status"


class Status(Enum):
    """What became of a command, or what the stack tells; names are those of EmberStatus, else of EzspStatus.

    The value is the same in words for reports.
    """

    SUCCESS = "success"
    ERR_FATAL = "err-fatal"
    BAD_ARGUMENT = "bad-argument"
    NOT_FOUND = "not-found"
    NO_BUFFERS = "no-buffers"
    INVALID_CALL = "invalid-call"
    OPERATION_IN_PROGRESS = "operation-in-progress"
    LIBRARY_NOT_PRESENT = "library-not-present"
    INDEX_OUT_OF_RANGE = "index-out-of-range"
    TABLE_FULL = "table-full"
    TABLE_ENTRY_ERASED = "table-entry-erased"
    INSUFFICIENT_RANDOM_DATA = "insufficient-random-data"

    # --- EZSP itself, and configuration
    ERROR_VERSION_NOT_SET = "error-version-not-set"
    ERROR_INVALID_FRAME_ID = "error-invalid-frame-id"
    ERROR_WRONG_DIRECTION = "error-wrong-direction"
    ERROR_TRUNCATED = "error-truncated"
    ERROR_OUT_OF_MEMORY = "error-out-of-memory"
    ERROR_INVALID_VALUE = "error-invalid-value"
    ERROR_INVALID_ID = "error-invalid-id"
    ERROR_INVALID_CALL = "error-invalid-call"
    ERROR_COMMAND_TOO_LONG = "error-command-too-long"
    ERROR_UNSUPPORTED_CONTROL = "error-unsupported-control"

    # --- the network
    NETWORK_UP = "network-up"
    NETWORK_DOWN = "network-down"
    NOT_JOINED = "not-joined"
    JOIN_FAILED = "join-failed"
    MOVE_FAILED = "move-failed"
    CANNOT_JOIN_AS_ROUTER = "cannot-join-as-router"
    NO_BEACONS = "no-beacons"
    NODE_ID_CHANGED = "node-id-changed"
    PAN_ID_CHANGED = "pan-id-changed"
    CHANNEL_CHANGED = "channel-changed"
    NETWORK_OPENED = "network-opened"
    NETWORK_CLOSED = "network-closed"
    NETWORK_BUSY = "network-busy"

    # --- security
    RECEIVED_KEY_IN_THE_CLEAR = "received-key-in-the-clear"
    NO_NETWORK_KEY_RECEIVED = "no-network-key-received"
    NO_LINK_KEY_RECEIVED = "no-link-key-received"
    PRECONFIGURED_KEY_REQUIRED = "preconfigured-key-required"
    SECURITY_STATE_NOT_SET = "security-state-not-set"
    SECURITY_CONFIGURATION_INVALID = "security-configuration-invalid"
    SECURITY_DATA_INVALID = "security-data-invalid"
    INVALID_SECURITY_LEVEL = "invalid-security-level"
    KEY_INVALID = "key-invalid"
    KEY_TABLE_INVALID_ADDRESS = "key-table-invalid-address"
    KEY_NOT_AUTHORIZED = "key-not-authorized"
    TOO_SOON_FOR_SWITCH_KEY = "too-soon-for-switch-key"
    APS_ENCRYPTION_ERROR = "aps-encryption-error"
    TRUST_CENTER_EUI_HAS_CHANGED = "trust-center-eui-has-changed"
    SIGNATURE_VERIFY_FAILURE = "signature-verify-failure"

    # --- messages
    DELIVERY_FAILED = "delivery-failed"
    MESSAGE_TOO_LONG = "message-too-long"
    MAX_MESSAGE_LIMIT_REACHED = "max-message-limit-reached"
    INVALID_ENDPOINT = "invalid-endpoint"
    BINDING_IS_ACTIVE = "binding-is-active"
    INVALID_BINDING_INDEX = "invalid-binding-index"
    ADDRESS_TABLE_ENTRY_IS_ACTIVE = "address-table-entry-is-active"
    ADDRESS_TABLE_INDEX_OUT_OF_RANGE = "address-table-index-out-of-range"
    SOURCE_ROUTE_FAILURE = "source-route-failure"
    MANY_TO_ONE_ROUTE_FAILURE = "many-to-one-route-failure"

    # --- MAC and radio
    MAC_SCANNING = "mac-scanning"
    MAC_BAD_SCAN_DURATION = "mac-bad-scan-duration"
    MAC_INCORRECT_SCAN_TYPE = "mac-incorrect-scan-type"
    MAC_INVALID_CHANNEL_MASK = "mac-invalid-channel-mask"
    MAC_NO_DATA = "mac-no-data"
    MAC_NO_ACK_RECEIVED = "mac-no-ack-received"
    MAC_INDIRECT_TIMEOUT = "mac-indirect-timeout"
    MAC_TRANSMIT_QUEUE_FULL = "mac-transmit-queue-full"
    PHY_TX_CCA_FAIL = "phy-tx-cca-fail"
    PHY_TX_BUSY = "phy-tx-busy"
    PHY_INVALID_CHANNEL = "phy-invalid-channel"
    PHY_INVALID_POWER = "phy-invalid-power"
