"""The policy as it arrives: taken apart, bounded, and checked as data before anything runs.

What comes from outside decides which packets pass, never which program runs: the rules may only
use the options below, in chains whose names begin with the generation that they are loaded as.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from dataclasses import dataclass
from itertools import islice
from typing import Any

from gwlb.contract import BUNDLE_VERSION, SET_BITS, Chain, Device, Limit, Name
from gwlb.errors import RefusedError
from gwlb.foreign import parse_json

FAMILY_BITS = {4: 32, 6: 128}


@dataclass(frozen=True)
class AddressSet:
    """Addresses of one family whose packets get a bit of the mark."""

    family: int
    side: str
    bit: int
    ranges: list[tuple[int, int]]


@dataclass(frozen=True)
class Bundle:
    """A policy that has passed every check that needs no kernel."""

    hash: str
    stateful: bool
    end_forbidden_flows: bool
    filters: dict[int, list[str]]
    sets: list[AddressSet]
    raw: bytes


def parse_user_data(text: str) -> Bundle:
    """The bundle in a VM's userData, which Azure keeps in base64."""
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError(f"userData is not base64: {error}") from error
    return parse_bundle(raw)


def parse_bundle(raw: bytes) -> Bundle:
    """The bundle in bytes: a line with version and hash, then the compressed body."""
    header, _, packed = raw.partition(b"\n")
    words = header.decode("ascii", "replace").split(" ")
    if words[0] != BUNDLE_VERSION:
        raise RefusedError(f"not a bundle of {BUNDLE_VERSION}: it begins with {words[0]!r}")
    body = unpack(packed)
    digest = hashlib.sha256(body).hexdigest()
    if words[1:] != [f"sha256:{digest}"]:
        raise RefusedError(f"wrong hash: the content has {digest}, the header says {words[1:]}")
    try:
        fields = parse_json(body, Limit.BODY_BYTES)
        stateful = flag(fields, "stateful")
        return Bundle(
            hash=digest,
            stateful=stateful,
            end_forbidden_flows=flag(fields, "endForbiddenFlows"),
            filters={f: rules(fields[f"filter{f}"], stateful) for f in FAMILY_BITS},
            sets=address_sets(fields["sets"]),
            raw=raw,
        )
    except (LookupError, TypeError, ValueError, AttributeError, MemoryError) as error:
        raise RefusedError(f"malformed body: {type(error).__name__} {error}") from error


def unpack(packed: bytes) -> bytes:
    """Gunzips no more than the limit."""
    stream = zlib.decompressobj(wbits=31)
    try:
        body = stream.decompress(packed, Limit.BODY_BYTES)
    except zlib.error as error:
        raise RefusedError(f"cannot be unpacked: {error}") from error
    if stream.unconsumed_tail:
        raise RefusedError(f"unpacks to more than {Limit.BODY_BYTES} bytes")
    if not stream.eof:
        raise RefusedError("truncated")
    return body


def flag(fields: dict[str, Any], name: str) -> bool:
    """A field that is true or false."""
    value = fields[name]
    if not isinstance(value, bool):
        raise RefusedError(f"{name} must be true or false, got {value!r}")
    return value


# --- rules ---------------------------------------------------------------------------------------

CHAIN = r"@(?:-[A-Z0-9]+)+"
NETWORK = r"[0-9a-f.:]{1,45}/[0-9]{1,3}"
NUMBER = r"[0-9]{1,10}"
HEX_PAIR = r"0x[0-9a-f]{1,8}/0x[0-9a-f]{1,8}"
PORT = r"[0-9]{1,5}(?::[0-9]{1,5})?"
ICMP = r"[0-9]{1,3}(?:/[0-9]{1,3})?"
NAME = f"{Name.FIRST}{Name.REST}{{0,{Limit.NAME - 1}}}"
# A counter, or a record.
LABEL = rf"(?:[a-z]+:)?{NAME}"
RATE = rf"[0-9]{{1,{len(str(Limit.RATE))}}}/second"

# Every option that a rule may use, and what may follow it.
OPTIONS = {
    "-s": NETWORK,
    "-d": NETWORK,
    "-p": "tcp|udp|icmp|ipv6-icmp",
    "-m": "physdev|tcp|udp|multiport|icmp|icmp6|dscp|mark|comment|limit|hashlimit",
    "-j": "ACCEPT|DROP|NFLOG",
    "-g": CHAIN,
    "--physdev-is-bridged": None,
    "--physdev-in": f"{Device.EXTERNAL}|{Device.INTERNAL}",
    "--dport": PORT,
    "--sport": PORT,
    "--dports": rf"{PORT}(?:,{PORT}){{0,14}}",
    "--sports": rf"{PORT}(?:,{PORT}){{0,14}}",
    "--tcp-flags": "[FINSYRTACK,]{3,15} [FINSYRTACKOE,]{3,11}",
    "--dscp": "0x[0-3][0-9a-f]",
    "--icmp-type": ICMP,
    "--icmpv6-type": ICMP,
    "--mark": HEX_PAIR,
    "--comment": LABEL,
    "--limit": RATE,
    "--limit-burst": NUMBER,
    "--hashlimit-upto": RATE,
    "--hashlimit-burst": NUMBER,
    "--hashlimit-mode": "srcip|dstip",
    "--hashlimit-name": rf"@-(?:R-)?{NAME}",
    "--nflog-group": NUMBER,
    "--nflog-size": NUMBER,
    "--nflog-prefix": LABEL,
}
PATTERNS = {name: arg and re.compile(arg) for name, arg in OPTIONS.items()}
DECLARATION = re.compile(rf":({CHAIN}) - \[0:0\]")


def rules(text: str, stateful: bool) -> list[str]:
    """The lines of one family, each checked."""
    lines = text.splitlines()
    if len(lines) > Limit.LINES:
        raise RefusedError(f"{len(lines)} lines of rules, more than {Limit.LINES}")
    chains = {m.group(1) for m in map(DECLARATION.fullmatch, lines) if m}
    # The chain that takes a flow is the loader's own: a rule may go there, not add to it.
    if Chain.TAKE in chains:
        raise RefusedError(f"{Chain.TAKE} is not a chain of the policy's")
    needed = {Chain.INBOUND, Chain.OUTBOUND}
    if stateful:
        needed |= {Chain.INBOUND_ANSWER, Chain.OUTBOUND_ANSWER}
    if not needed <= chains:
        raise RefusedError(f"there must be chains {', '.join(sorted(needed))}")
    for line in lines:
        if not DECLARATION.fullmatch(line):
            check_rule(line, chains)
    return lines


def check_rule(line: str, chains: set[str]) -> None:
    """Refuses a line that is not a rule made of the known options in the policy's own chains."""
    words = line.split(" ")
    if words[0] != "-A" or len(words) < 2 or words[1] not in chains:
        raise RefusedError(f"not a rule in a chain of the policy's: {line!r}")
    rest = iter(words[2:])
    targets = 0
    for option in rest:
        if option not in PATTERNS:
            raise RefusedError(f"a rule may not use {option!r}: {line!r}")
        pattern = PATTERNS[option]
        # A value has as many words as its pattern.
        count = 0 if pattern is None else 1 + pattern.pattern.count(" ")
        value = " ".join(islice(rest, count))
        if pattern is not None and not pattern.fullmatch(value):
            raise RefusedError(f"a rule may not use {option} {value!r}: {line!r}")
        targets += option in ("-j", "-g")
        if option == "-g" and value not in chains | {Chain.TAKE}:
            raise RefusedError(f"there is no chain {value!r}: {line!r}")
    if targets != 1:
        raise RefusedError(f"a rule must have one target: {line!r}")


# --- address sets --------------------------------------------------------------------------------


def address_sets(fields: list[dict[str, Any]]) -> list[AddressSet]:
    """The sets, each with a bit of its own in its family."""
    if len(fields) > len(FAMILY_BITS) * SET_BITS:
        raise RefusedError(f"{len(fields)} address sets")
    left, sets = Limit.RANGES, []
    for entry in fields:
        sets.append(address_set(entry, left))
        left -= len(sets[-1].ranges)
    used = [(entry.family, entry.bit) for entry in sets]
    if len(set(used)) != len(used):
        raise RefusedError("two address sets share a bit")
    return sets


def address_set(entry: dict[str, Any], most: int) -> AddressSet:
    """One set, its ranges unpacked: so many at most."""
    family, side, bit = entry["family"], entry["side"], entry["bit"]
    known = family in FAMILY_BITS and side in ("source", "destination")
    if not known or type(bit) is not int or not 0 <= bit < SET_BITS:
        raise RefusedError(f"malformed address set: {family!r} {side!r} {bit!r}")
    data = base64.b64decode(entry["ranges"], validate=True)
    ranges = decode_ranges(data, 1 << FAMILY_BITS[family], most)
    if not ranges:
        raise RefusedError("an address set is empty")
    return AddressSet(family, side, bit, ranges)


def decode_ranges(data: bytes, end: int, most: int) -> list[tuple[int, int]]:
    """Sorted ranges, first and last included: a shift, then gap and size of each.

    A gap of 0 joins two ranges and is refused after the first, so the ranges stay disjoint.
    """
    shift, at, after = data[0], 1, 0
    if shift >= FAMILY_BITS[6]:
        raise RefusedError("malformed address set: shift")
    ranges: list[tuple[int, int]] = []
    while at < len(data):
        gap, at = varint(data, at)
        power, at = data[at], at + 1
        if power == 255:
            size, at = varint(data, at)
        elif power <= FAMILY_BITS[6]:
            size = 1 << power
        else:
            raise RefusedError("malformed address set: size")
        if size < 1 or (gap < 1 and ranges):
            raise RefusedError("malformed address set: order")
        first = after + (gap << shift)
        after = first + (size << shift)
        if after > end:
            raise RefusedError("an address set leaves its family's addresses")
        if len(ranges) == most:
            raise RefusedError(f"the address sets have more than {Limit.RANGES} ranges together")
        ranges.append((first, after - 1))
    return ranges


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, lowest first, and where the next one begins."""
    value = place = 0
    while data[at] >= 0x80:
        value |= (data[at] & 0x7F) << place
        place += 7
        at += 1
        if place > 2 * FAMILY_BITS[6]:
            raise RefusedError("malformed address set: number")
    return value | data[at] << place, at + 1
