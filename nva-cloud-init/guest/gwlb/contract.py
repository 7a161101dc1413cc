"""Written by `npm run docs`; nva-cloud-init/contract/contract.ts is what to change."""

SETTINGS_FILE = "/etc/azure-gwlb/settings.json"
APPLICATION_HEALTH_PATH = "/health/application"
PLATFORM = "168.63.129.16"
BUNDLE_VERSION = "azure-gwlb-policy/1"
SET_BITS = 24
NUMBERS = {
    "mtu": (1550, 4000),
    "probePort": (1, 65535),
    "policyPollSeconds": (1, 3600),
    "drainSeconds": (0, 300),
}
TUNNEL_NUMBERS = {
    "port": (1, 65535),
    "vni": (800, 1000),
}


class Chain:
    INBOUND = "@-IN"
    OUTBOUND = "@-OUT"
    INBOUND_ANSWER = "@-IN-R"
    OUTBOUND_ANSWER = "@-OUT-R"
    TAKE = "@-OK"


class Comment:
    LOG = "log:"
    OVER = "over:"
    FLOW = "flow"


class Device:
    BRIDGE = "br0"
    INTERNAL = "vxlan-in"
    EXTERNAL = "vxlan-ex"


class Group:
    BRIDGE = 10799
    INTERNAL = 10800
    EXTERNAL = 10801


class Limit:
    BODY_BYTES = 2097152
    LINES = 16384
    RANGES = 65536
    COMBINATIONS = 1024
    NAME = 28
    RATE = 10000


class Mark:
    PASSED = 0x80000000
    TAKEN = 0x40000000
    SLOT_A = 0x10000000
    SLOT_B = 0x20000000
    ANSWER = 0x08000000
    TURNED = 0x04000000
    RUNNING = 0x02000000
    SELF_TEST = 0x01000000
    GENERATION = 0x00FFFFFF


class Name:
    FIRST = "[a-z]"
    REST = "[a-z0-9-]"


class Nflog:
    RECORDS_GROUP = 64
    SELF_TEST_GROUP = 65
    RECORD_BYTES = 128


class Verdict:
    ALLOW = "allow"
    DROP = "drop"
    TRIAL = "trial"
    SEPARATOR = ":"
