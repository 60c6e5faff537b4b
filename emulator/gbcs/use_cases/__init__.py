"""One module a use case: its payloads as values, each with its octets and its fields by name.

May import the codec half of `gbcs` (`der`, `dlms`, `certificate_reading`, `header`, `message_codes`) and `core`;
nothing here knows keys, counters or who may ask for what, so that device and Access Control Broker read the same
values.
"""
