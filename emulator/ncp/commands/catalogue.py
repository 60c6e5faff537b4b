"""Every command that a virtual stick carries out, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from emulator.ncp.chip import Emission
from emulator.ncp.commands import configuration, counters, messages, mfglib, network, security, session, tokens
from emulator.ncp.commands.session import Leave

Handler = session.Handler

COMMANDS: Final[Mapping[str, Handler]] = {
    "nop": session.nop,
    "echo": session.echo,
    "customFrame": session.custom_frame,
    "getXncpInfo": session.get_xncp_info,
    "getLibraryStatus": session.get_library_status,
    "getRandomNumber": session.get_random_number,
    "getMfgToken": tokens.get_mfg_token,
    "setMfgToken": tokens.set_mfg_token,
    "getToken": tokens.get_token,
    "setToken": tokens.set_token,
    "getTokenData": tokens.get_token_data,
    "setTokenData": tokens.set_token_data,
    "getTokenCount": tokens.get_token_count,
    "getTokenInfo": tokens.get_token_info,
    "tokenFactoryReset": session.token_factory_reset,
    "getStandaloneBootloaderVersionPlatMicroPhy": session.get_standalone_bootloader_version,
    # --- configuration
    "getConfigurationValue": configuration.get_configuration_value,
    "setConfigurationValue": configuration.set_configuration_value,
    "getPolicy": configuration.get_policy,
    "setPolicy": configuration.set_policy,
    "getValue": configuration.get_value,
    "setValue": configuration.set_value,
    "getExtendedValue": configuration.get_extended_value,
    "addEndpoint": configuration.add_endpoint,
    "setManufacturerCode": configuration.set_manufacturer_code,
    "getMulticastTableEntry": configuration.get_multicast_table_entry,
    "setMulticastTableEntry": configuration.set_multicast_table_entry,
    "readCounters": counters.read_counters,
    "readAndClearCounters": counters.read_and_clear_counters,
    "setPowerDescriptor": configuration.accepted,
    "setConcentrator": configuration.accepted,
    "setRadioPower": configuration.accepted,
    "setRadioIeee802154CcaMode": configuration.accepted,
    "setSourceRoute": configuration.accepted,
    "sendManyToOneRouteRequest": configuration.accepted,
    "setSourceRouteDiscoveryMode": session.nop,
    "gpSinkTableClearAll": session.nop,
    "gpClearProxyTable": session.nop,
    # --- network
    "networkState": network.network_state,
    "networkInit": network.network_init,
    "formNetwork": network.form_network,
    "joinNetwork": network.join_network,
    "leaveNetwork": network.leave_network,
    "findAndRejoinNetwork": network.find_and_rejoin_network,
    "permitJoining": network.permit_joining,
    "startScan": network.start_scan,
    "stopScan": network.stop_scan,
    "pollForData": network.poll_for_data,
    "getNetworkParameters": network.get_network_parameters,
    "getNodeId": network.get_node_id,
    "getEui64": network.get_eui64,
    "getParentChildParameters": network.get_parent_child_parameters,
    "getChildData": network.get_child_data,
    "setChildData": network.set_child_data,
    "neighborCount": network.neighbor_count,
    "getNeighbor": network.get_neighbor,
    "getRouteTableEntry": network.get_route_table_entry,
    # --- security
    "setInitialSecurityState": security.set_initial_security_state,
    "getCurrentSecurityState": security.get_current_security_state,
    "exportKey": security.export_key,
    "importKey": security.import_key,
    "getNetworkKeyInfo": security.get_network_key_info,
    "exportLinkKeyByIndex": security.export_link_key_by_index,
    "exportLinkKeyByEui": security.export_link_key_by_eui,
    "importLinkKey": security.import_link_key,
    "findKeyTableEntry": security.find_key_table_entry,
    "eraseKeyTableEntry": security.erase_key_table_entry,
    "clearKeyTable": security.clear_key_table,
    "getApsKeyInfo": security.get_aps_key_info,
    "importTransientKey": security.import_transient_key,
    "exportTransientKeyByEui": security.export_transient_key_by_eui,
    "clearTransientLinkKeys": security.clear_transient_link_keys,
    "broadcastNextNetworkKey": security.broadcast_next_network_key,
    "broadcastNetworkKeySwitch": security.broadcast_network_key_switch,
    "removeDevice": security.remove_device,
    # --- messages
    "sendUnicast": messages.send_unicast,
    "sendBroadcast": messages.send_broadcast,
    "sendMulticast": messages.send_multicast,
    "sendReply": messages.send_reply,
    "maximumPayloadLength": messages.maximum_payload_length,
    "lookupNodeIdByEui64": messages.lookup_node_id_by_eui64,
    "lookupEui64ByNodeId": messages.lookup_eui64_by_node_id,
    "setExtendedTimeout": messages.set_extended_timeout,
    "getExtendedTimeout": messages.get_extended_timeout,
    "replaceAddressTableEntry": messages.replace_address_table_entry,
    "getAddressTableRemoteNodeId": messages.get_address_table_remote_node_id,
    "getAddressTableRemoteEui64": messages.get_address_table_remote_eui64,
    "setAddressTableRemoteEui64": messages.set_address_table_remote_eui64,
    "setAddressTableRemoteNodeId": messages.set_address_table_remote_node_id,
    "addressTableEntryIsActive": messages.address_table_entry_is_active,
    "getAddressTableInfo": messages.get_address_table_info,
    "setAddressTableInfo": messages.set_address_table_info,
    # --- manufacturing
    "mfglibStart": mfglib.mfglib_start,
    "mfglibEnd": mfglib.mfglib_end,
    "mfglibSetChannel": mfglib.mfglib_set_channel,
    "mfglibGetChannel": mfglib.mfglib_get_channel,
    "mfglibSetPower": mfglib.mfglib_set_power,
    "mfglibGetPower": mfglib.mfglib_get_power,
    "mfglibSendPacket": mfglib.mfglib_send_packet,
    "mfglibStartTone": mfglib.start(Emission.TONE),
    "mfglibStopTone": mfglib.stop(Emission.TONE),
    "mfglibStartStream": mfglib.start(Emission.STREAM),
    "mfglibStopStream": mfglib.stop(Emission.STREAM),
}
"""A name that a version does not have does no harm: nobody can ask for it."""


def commands(leave: Leave) -> Mapping[str, Handler]:
    """All of them, with those that end the session: they tell `leave` what is to follow once they are answered."""
    return {
        **COMMANDS,
        "launchStandaloneBootloader": session.launch_standalone_bootloader(leave),
        "resetNode": session.reset_node(leave),
    }
