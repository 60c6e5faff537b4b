"""What the stick relies on: every command it serves or sends, with the names of its fields.

A line is `[versions] frame id, name(fields of the request) -> fields of the response`; a line that starts with blanks
goes on with the one before.  Without versions it is all of them; `13` is that one, `14+` that one and all later.
`*context` and `*packetInfo` stand for the fields of those structures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from emulator.ncp.tables import VERSIONS

COMMANDS = """
0000 version(desiredProtocolVersion) -> protocolVersion stackType stackVersion
0005 nop()
0081 echo(data) -> echo
0006 callback()
0007 noCallbacks()
0058 invalidCommand() -> status
0047 customFrame(payload) -> status reply
0054 customFrameHandler() -> payload
0052 getConfigurationValue(configId) -> status value
0053 setConfigurationValue(configId value) -> status
00AA getValue(valueId) -> status value
00AB setValue(valueId value) -> status
0003 getExtendedValue(valueId characteristics) -> status value
0055 setPolicy(policyId decisionId) -> status
0056 getPolicy(policyId) -> status decisionId
0002 addEndpoint(endpoint profileId deviceId deviceVersion inputClusterCount outputClusterCount
  inputClusterList outputClusterList) -> status
0015 setManufacturerCode(code) -> status
0016 setPowerDescriptor(descriptor) -> status
000B getMfgToken(tokenId) -> tokenData
000C setMfgToken(tokenId tokenData) -> status
000A getToken(tokenId) -> status tokenData
0009 setToken(tokenId tokenData) -> status
0100 getTokenCount() -> count
0101 getTokenInfo(index) -> status tokenInfo
0102 getTokenData(token index) -> status value
0103 setTokenData(token index tokenData) -> status
0077 tokenFactoryReset(excludeOutgoingFC excludeBootCounter)
0104 resetNode()
0049 getRandomNumber() -> status value
0013 getXncpInfo() -> status manufacturerId versionNumber
0001 getLibraryStatus(libraryId) -> status
00FC getPhyInterfaceCount() -> interfaceCount
004F getTrueRandomEntropySource() -> entropySource
000E setTimer(timerId time units repeat) -> status
004E getTimer(timerId) -> time units repeat
000F timerHandler() -> timerId
0012 debugWrite(binaryMessage messageContents) -> status
009D delayTest(delay)
00F1 readCounters() -> values
0065 readAndClearCounters() -> values
00F2 counterRolloverHandler() -> type
0017 networkInit(networkInitBitmask) -> status
0018 networkState() -> status
0019 stackStatusHandler() -> status
001A startScan(scanType channelMask duration) -> status
001D stopScan() -> status
0048 energyScanResultHandler() -> channel maxRssiValue
001B networkFoundHandler() -> networkFound lastHopLqi lastHopRssi
001C scanCompleteHandler() -> channel status
00D3 findUnusedPanId(channelMask duration) -> status
00D2 unusedPanIdFoundHandler() -> panId channel
001E formNetwork(parameters) -> status
001F joinNetwork(nodeType parameters) -> status
0020 leaveNetwork(options) -> status
0021 findAndRejoinNetwork(haveCurrentNetworkKey channelMask reason nodeType) -> status
0022 permitJoining(duration) -> status
0028 getNetworkParameters() -> status nodeType parameters
00FD getRadioParameters(phyIndex) -> status parameters
0026 getEui64() -> eui64
0027 getNodeId() -> nodeId
0099 setRadioPower(power) -> status
009A setRadioChannel(channel) -> status
00B9 setLogicalAndRadioChannel(radioChannel) -> status
00BA getLogicalChannel() -> radioChannel
0095 setRadioIeee802154CcaMode(ccaMode) -> status
0023 childJoinHandler() -> index joining childId childEui64 childType
0024 trustCenterJoinHandler() -> newNodeId newNodeEui64 status policyDecision parentOfNewNodeId
004A getChildData(index) -> status childData
00AC setChildData(index childData) -> status
0029 getParentChildParameters() -> childCount parentEui64 parentNodeId
0106 childId(childIndex) -> childId
0079 getNeighbor(index) -> status value
007A neighborCount() -> value
003E getNeighborFrameCounter(eui64) -> status frameCounter
00AD setNeighborFrameCounter(eui64 frameCounter) -> status
007B getRouteTableEntry(index) -> status value
0010 setConcentrator(on concentratorType minTime maxTime routeErrorThreshold deliveryFailureThreshold
  maxHops) -> status
005A setSourceRouteDiscoveryMode(mode) -> remainingTime
00AE setSourceRoute(destination relayList) -> status
0041 sendManyToOneRouteRequest(concentratorType radius) -> status
00C1 getSourceRouteTableEntry(index) -> status destination closerIndex
00C2 getSourceRouteTableFilledSize() -> sourceRouteTableFilledSize
00C3 getSourceRouteTableTotalSize() -> sourceRouteTableTotalSize
0059 incomingRouteRecordHandler() -> source sourceEui lastHopLqi lastHopRssi relayList
007D incomingManyToOneRouteRequestHandler() -> source longId cost
0080 incomingRouteErrorHandler() -> status target
00C4 incomingNetworkStatusHandler() -> errorCode target
007C idConflictHandler() -> nodeId
0011 setBrokenRouteErrorCode(errorCode) -> status
009C energyScanRequest(target scanChannels scanDuration scanCount) -> status
0057 sendPanIdUpdate(newPan) -> status
0033 maximumPayloadLength() -> apsLength
0034 sendUnicast(type indexOrDestination apsFrame messageTag messageContents) -> status sequence
0036 sendBroadcast(destination apsFrame radius messageTag messageContents alias nwkSequence) -> status
  sequence
0038 sendMulticast(apsFrame hops nonmemberRadius messageTag messageContents broadcastAddr alias
  nwkSequence) -> status sequence
0039 sendReply(sender apsFrame messageContents) -> status
003F messageSentHandler() -> type indexOrDestination apsFrame messageTag status messageContents
0045 incomingMessageHandler() -> *packetInfo type apsFrame messageContents
0051 sendRawMessageExtended(message priority useCca) -> status
0098 rawTransmitCompleteHandler() -> status messageContents
0097 macPassthroughMessageHandler() -> *packetInfo messageType messageContents
0042 pollForData(interval units failureLimit) -> status
0043 pollCompleteHandler() -> status
0044 pollHandler() -> childId transmitExpected
002A clearBindingTable() -> status
002B setBinding(index value) -> status
002C getBinding(index) -> status value
002D deleteBinding(index) -> status
002E bindingIsActive(index) -> active
002F getBindingRemoteNodeId(index) -> nodeId
0030 setBindingRemoteNodeId(index nodeId)
0031 remoteSetBindingHandler() -> entry index policyDecision
0032 remoteDeleteBindingHandler() -> index policyDecision
0063 getMulticastTableEntry(index) -> status value
0064 setMulticastTableEntry(index value) -> status
005B addressTableEntryIsActive(addressTableIndex) -> active
13 005C setAddressTableRemoteEui64(addressTableIndex eui64) -> status
13 005D setAddressTableRemoteNodeId(addressTableIndex nodeId)
13 005E getAddressTableRemoteEui64(addressTableIndex) -> eui64
13 005F getAddressTableRemoteNodeId(addressTableIndex) -> nodeId
14+ 005C setAddressTableInfo(addressTableIndex eui64 nodeId) -> status
14+ 005E getAddressTableInfo(addressTableIndex) -> status nodeId eui64
0082 replaceAddressTableEntry(addressTableIndex newEui64 newId newExtendedTimeout) -> status oldEui64
  oldId oldExtendedTimeout
0060 lookupNodeIdByEui64(eui64) -> nodeId status
0061 lookupEui64ByNodeId(nodeId) -> status eui64
007E setExtendedTimeout(remoteEui64 extendedTimeout) -> status
007F getExtendedTimeout(remoteEui64) -> extendedTimeout
13 0062 incomingSenderEui64Handler() -> senderEui64
0068 setInitialSecurityState(state) -> status
0069 getCurrentSecurityState() -> status state
0115 importKey(*context key) -> *context status
0114 exportKey(*context) -> *context key status
010E importLinkKey(index address key) -> status
010F exportLinkKeyByIndex(index) -> *context plaintextKey keyData status
010D exportLinkKeyByEui(eui64) -> *context plaintextKey keyData status
0111 importTransientKey(eui64 plaintextKey flags) -> status
0112 exportTransientKeyByIndex(index) -> *context plaintextKey keyData status
0113 exportTransientKeyByEui(eui64) -> *context plaintextKey keyData status
0110 checkKeyContext(*context) -> status
010C getApsKeyInfo(*context) -> *context keyData status
0116 getNetworkKeyInfo() -> status networkKeyInfo
0075 findKeyTableEntry(address linkKey) -> index
0076 eraseKeyTableEntry(index) -> status
00B1 clearKeyTable() -> status
006B clearTransientLinkKeys()
0014 requestLinkKey(partner) -> status
006C updateTcLinkKey(maxAttempts) -> status
0067 sendTrustCenterLinkKey(destinationNodeId destinationEui64) -> status
00A8 removeDevice(destShort destLong targetLong) -> status
00A9 unicastNwkKeyUpdate(destShort destLong key) -> status
0050 unicastCurrentNetworkKey(targetShort targetLong parentShortId) -> status
0073 broadcastNextNetworkKey(key) -> status
0074 broadcastNetworkKeySwitch() -> status
006E switchNetworkKeyHandler() -> sequenceNumber
009B zigbeeKeyEstablishmentHandler() -> partner status
006F aesMmoHash(context finalize data) -> status returnContext
0094 aesEncrypt(plaintext key) -> ciphertext
00E2 gpSinkTableClearAll()
0070 gpSinkTableInit()
17+ 005F gpClearProxyTable()
00C5 gpepIncomingMessageHandler() -> status gpdLink sequenceNumber addr gpdfSecurityLevel
  gpdfSecurityKeyType autoCommissioning bidirectionalInfo gpdSecurityFrameCounter gpdCommandId mic
  proxyTableIndex gpdCommandPayload
00A4 generateCbkeKeys() -> status
00E8 generateCbkeKeys283k1() -> status
009F calculateSmacs(amInitiator partnerCertificate partnerEphemeralPublicKey) -> status
00EA calculateSmacs283k1(amInitiator partnerCertificate partnerEphemeralPublicKey) -> status
00A5 getCertificate() -> status localCert
00EC getCertificate283k1() -> status localCert
0083 mfglibStart(rxCallback) -> status
0084 mfglibEnd() -> status
0085 mfglibStartTone() -> status
0086 mfglibStopTone() -> status
0087 mfglibStartStream() -> status
0088 mfglibStopStream() -> status
0089 mfglibSendPacket(packetContents) -> status
008A mfglibSetChannel(channel) -> status
008B mfglibGetChannel() -> channel
008C mfglibSetPower(txPowerMode power) -> status
008D mfglibGetPower() -> power
008E mfglibRxHandler() -> linkQuality rssi packetContents
008F launchStandaloneBootloader(mode) -> status
0091 getStandaloneBootloaderVersionPlatMicroPhy() -> bootloaderVersion nodePlat nodeMicro nodePhy
00FE writeNodeData(erase) -> status
000D stackTokenChangedHandler() -> tokenAddress
"""

_APS_FRAME = "profileId clusterId sourceEndpoint destinationEndpoint options groupId sequence"

STRUCTURES = {
    "sendUnicast.apsFrame": _APS_FRAME,
    "incomingMessageHandler.apsFrame": _APS_FRAME,
    "formNetwork.parameters": (
        "extendedPanId panId radioTxPower radioChannel joinMethod nwkManagerId nwkUpdateId channels"
    ),
    "networkFoundHandler.networkFound": "channel panId extendedPanId allowingJoin stackProfile nwkUpdateId",
    "setInitialSecurityState.state": (
        "bitmask preconfiguredKey networkKey networkKeySequenceNumber preconfiguredTrustCenterEui64"
    ),
    "getCurrentSecurityState.state": "bitmask trustCenterLongAddress",
    "getNetworkKeyInfo.networkKeyInfo": (
        "networkKeySet alternateNetworkKeySet networkKeySequenceNumber altNetworkKeySequenceNumber "
        "networkKeyFrameCounter"
    ),
    "exportLinkKeyByIndex.keyData": "bitmask outgoingFrameCounter incomingFrameCounter ttlInSeconds",
    "getChildData.childData": "eui64 type id phy power timeout timeoutRemaining",
    "getNeighbor.value": "shortId averageLqi inCost outCost age longId",
    "getRouteTableEntry.value": "destination nextHop status age concentratorType routeRecordState",
    "setBinding.value": "type local clusterId remote identifier networkIndex",
    "setMulticastTableEntry.value": "multicastId endpoint networkIndex",
    "getRadioParameters.parameters": "radioTxPower radioPage radioChannel",
    "getTokenInfo.tokenInfo": "nvm3Key isCnt isIdx size arraySize",
    "aesMmoHash.context": "result length",
}
"""Command and field -> names of the structure's fields."""

_TAKEN_APART = {
    "*context": "coreKeyType keyIndex derivedType eui64 multiNetworkIndex flags psaKeyAlgPermission",
    "*packetInfo": "sender senderEui64 bindingIndex addressIndex lastHopLqi lastHopRssi lastHopTimestamp",
}

_LINE = re.compile(
    r"(?:(?P<since>\d+)(?P<later>\+?) )?(?P<id>[0-9A-F]{4}) (?P<name>\w+)\((?P<request>.*)\)(?: -> (?P<response>.*))?"
)


@dataclass(frozen=True, slots=True)
class Promise:
    """One line."""

    name: str
    frame_id: int
    versions: tuple[int, ...]
    request: frozenset[str]
    response: frozenset[str]


def promises() -> Iterator[Promise]:
    for line in COMMANDS.strip().replace("\n  ", " ").splitlines():
        found = _LINE.fullmatch(line)
        assert found, line
        yield Promise(
            found["name"],
            int(found["id"], 16),
            _versions(found["since"], found["later"]),
            _names(found["request"]),
            _names(found["response"] or ""),
        )


def _versions(since: str | None, later: str) -> tuple[int, ...]:
    if since is None:
        return VERSIONS
    return tuple(version for version in VERSIONS if version == int(since) or (later and version > int(since)))


def _names(text: str) -> frozenset[str]:
    return frozenset(" ".join(_TAKEN_APART.get(name, name) for name in text.split()).split())
