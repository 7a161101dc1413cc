/** What reaches the guest from outside: bounded before it is expanded, refused by name, quoted short. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { guestPython } from "../../support/guestPython";

interface Refused {
  says: string;
  /** Processor time, seconds. */
  seconds: number;
  /** Most memory that Python held, megabytes. */
  megabytes: number;
}

/** Bundles with the right hash whose body is not a policy; each expression gives the body. */
const bundle = `
import base64, gzip, hashlib, json, resource, time, tracemalloc
from gwlb.errors import RefusedError
from gwlb.policy.bundle import parse_bundle
CHAINS = "".join(f":@-{name} - [0:0]\\n" for name in ("IN", "OUT", "IN-R", "OUT-R"))
def policy(**fields):
    plain = {"stateful": True, "endForbiddenFlows": True, "sets": []}
    return json.dumps({**plain, "filter4": CHAINS, "filter6": CHAINS, **fields}).encode()
def ranges(count):
    return base64.b64encode(b"\\0" + b"\\1\\0" * count).decode()
def address_set(**fields):
    return {"family": 4, "side": "source", "bit": 0, "ranges": ranges(1), **fields}
def packed(body):
    header = f"azure-gwlb-policy/1 sha256:{hashlib.sha256(body).hexdigest()}\\n"
    return header.encode() + gzip.compress(body)
def refused(raw):
    tracemalloc.start()
    begun = time.process_time()
    try:
        parse_bundle(raw)
        says = "nothing"
    except RefusedError as error:
        says = str(error)
    seconds, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    return {"says": says, "seconds": seconds, "megabytes": peak / (1 << 20)}
`;
const refused = async (body: string) =>
  (await guestPython(`${bundle}print(json.dumps(refused(packed(${body}))))`)) as Refused;

describe("a bundle with the right hash", () => {
  for (const [what, body, says] of [
    ["100,000 brackets", 'b"[" * 100_000', /nested deeper than 16/],
    [
      "a number without end",
      `policy(sets=0).replace(b'"sets": 0', b'"sets": ' + b"1" * 5000)`,
      /40 digits/,
    ],
    ["a number that is none", "policy(stateful=float('nan'))", /NaN/],
    ["another encoding, which hides the depth", '("[" * 100_000).encode("utf-16")', /utf-8/],
    ["a text nobody asked for", 'policy(stateful="x" * 1_900_000)', /stateful must be.*1900038 ch/],
    ["a longer text", 'policy(stateful="x" * 14_000_000)', /unpacks to more than 2097152/],
    [
      "a long family",
      'policy(sets=[address_set(family="4" * 1_900_000)])',
      /malformed address set/,
    ],
    ["a long line", 'policy(filter4=CHAINS + "-A @-IN " + "x" * 1_900_000)', /may not use/],
    [
      "a long network",
      'policy(filter4=CHAINS + "-A @-IN -s " + "1" * 999_999 + "/1")',
      /may not use -s/,
    ],
    ["half a character", String.raw`policy(filter4="\ud800")`, /there must be chains/],
    ["lines without end", 'policy(filter4=CHAINS + "-A @-IN -j DROP\\n" * 16_381)', /16385 lines/],
    ["sets without end", "policy(sets=[address_set()] * 49)", /49 address sets/],
    [
      "a million ranges in one set",
      "policy(sets=[address_set(ranges=ranges(700_000))])",
      /65536 ranges/,
    ],
    [
      "more ranges than load, over several sets",
      "policy(sets=[address_set(bit=bit, ranges=ranges(22_000)) for bit in range(3)])",
      /65536 ranges/,
    ],
    [
      "a range past the last address",
      "policy(sets=[address_set(ranges=base64.b64encode(bytes([0, 1, 40])).decode())])",
      /leaves its family's addresses/,
    ],
  ] as const) {
    test(`and ${what}: refused by name, at once, in little memory and few words`, async () => {
      const found = await refused(body);
      assert.match(found.says, says);
      assert.ok(found.says.length < 500, `${found.says.length} characters`);
      assert.ok(found.seconds < 5, `${found.seconds} s`);
      assert.ok(found.megabytes < 64, `${found.megabytes} MB`);
    });
  }

  test("is taken up to the limits", async () => {
    const lines = 'CHAINS + "-A @-IN -j DROP\\n" * 16_380';
    const most = `policy(filter4=${lines}, sets=[address_set(ranges=ranges(65_536))])`;
    assert.equal((await refused(most)).says, "nothing");
  });
});

test("sets that overlap in more ways than there may be chains are refused before they are loaded", async () => {
  const found = await guestPython(`
import json
from gwlb.policy import sets
from gwlb.errors import RefusedError
from gwlb.policy.bundle import AddressSet, Bundle
def bundle(count):
    # Each address below 2^11 is in the sets of its own bits.
    found = [AddressSet(4, "source", bit, [(n, n) for n in range(count + 1) if n >> bit & 1]) for bit in range(11)]
    return Bundle("", True, True, {4: [], 6: []}, found, b"")
def flip(count):
    try:
        return sets.flip_script(bundle(count), "A", 1, []).count("add chain")
    except RefusedError as error:
        return str(error)
print(json.dumps([flip(1024), flip(1025)]))`);
  assert.deepEqual(found, [1026, "address sets overlap in 1025 ways of 1024"]);
});

/** A server of raw bytes: each call is answered by the next of these functions of a socket. */
const server = `
import json, os, socket, threading, time
def serve(*answers):
    listening = socket.create_server(("127.0.0.1", 0))
    def work():
        for answer in answers:
            link, _ = listening.accept()
            def reply(link=link, answer=answer):
                try:
                    link.recv(4096)
                    answer(link)
                except OSError:
                    pass
                finally:
                    link.close()
            threading.Thread(target=reply, daemon=True).start()
    threading.Thread(target=work, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}"
def sends(*parts, body=b""):
    head = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n" % len(body)
    return lambda link: link.sendall(b"".join(parts) or head + b"\\r\\n" + body)
def repeats(first, again, pause=0.0):
    def answer(link):
        link.sendall(first)
        while True:
            link.sendall(again)
            time.sleep(pause)
    return answer
`;

const OK = String.raw`b"HTTP/1.1 200 OK\r\n`;

describe("an answer of the metadata service", () => {
  const fetched = (answer: string) =>
    guestPython(`${server}
from gwlb.errors import ImdsError
from gwlb.imds import fetch
url, begun = serve(${answer}), time.monotonic()
try:
    found = fetch(url + "/x?y=z", 1.0)
    says = [found.status, found.body.decode(), found.date]
except ImdsError as error:
    says = str(error)
print(json.dumps([says, time.monotonic() - begun]))`) as Promise<[unknown, number]>;

  for (const [what, answer, says] of [
    ["headers, a byte at a time", `repeats(${OK}", b"x", 0.01)`, /not complete after 1 s/],
    ["headers without end", `repeats(${OK}", b"x: y\\r\\n")`, /more than 100 headers/],
    ["a line without end", `repeats(${OK}", b"x" * 1000)`, /LineTooLong/],
    [
      "Continue without end",
      String.raw`repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n")`,
      /not complete/,
    ],
    [
      "Continue once in a while",
      String.raw`repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05)`,
      /not complete/,
    ],
    [
      "chunks, a byte at a time",
      String.raw`repeats(${OK}Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.01)`,
      /not complete/,
    ],
    [
      "trailers, one at a time",
      String.raw`repeats(${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n", 0.01)`,
      /not complete/,
    ],
    [
      "a body, a byte at a time",
      String.raw`repeats(${OK}Content-Length: 99999\r\n\r\n", b"x", 0.01)`,
      /not complete/,
    ],
    ["a body without end", String.raw`repeats(${OK}\r\n", b"x" * 1000)`, /more than 131072 bytes/],
    [
      "a body of gigabytes",
      String.raw`sends(${OK}Content-Length: 99999999\r\n\r\n")`,
      /99999999 bytes are missing/,
    ],
    ["half a body", String.raw`sends(${OK}Content-Length: 9\r\n\r\nhalf")`, /5 bytes are missing/],
    ["nothing", "lambda link: None", /RemoteDisconnected/],
    ["silence", "lambda link: time.sleep(9)", /not complete after 1 s/],
    ["another protocol", String.raw`sends(b"SSH-2.0-x\r\n")`, /BadStatusLine SSH-2.0-x/],
  ] as const) {
    test(`that is ${what} is none, in its time`, async () => {
      const [found, seconds] = await fetched(answer);
      assert.match(String(found), says);
      assert.ok(String(found).length < 500);
      assert.ok(seconds < 3, `${seconds} s`);
    });
  }

  for (const [what, answer] of [
    ["a length", String.raw`sends(${OK}Content-Length: 4\r\nDATE: now\r\n\r\ntext")`],
    [
      "chunks",
      String.raw`sends(${OK}Date: now\r\nTransfer-Encoding: Chunked\r\n\r\n2;x\r\nte\r\n2\r\nxt\r\n0\r\n\r\n")`,
    ],
    ["its end", String.raw`sends(${OK}Date:now\r\n\r\ntext")`],
    [
      "Continue before it",
      String.raw`sends(b"HTTP/1.1 100 Continue\r\n\r\n" + ${OK}Date: now\r\n\r\ntext")`,
    ],
  ] as const) {
    test(`with ${what} is read`, async () => {
      assert.deepEqual((await fetched(answer))[0], [200, "text", "now"]);
    });
  }
});

describe("scheduled events", () => {
  test("that cannot be read are refused by name, and the next ones are heard", async () => {
    const zone = "Mon, 19 Sep 2016 18:29:47 +99999999999999999999";
    const found = (await guestPython(`${server}
def events(date=b"Mon, 19 Sep 2016 18:24:47 GMT", before="Mon, 19 Sep 2016 18:29:47 GMT", **more):
    event = {"EventId": "e1", "EventType": "Reboot", "Resources": ["nva"], "NotBefore": before, **more}
    body = json.dumps({"Events": [event]}).encode()
    return sends(${OK}Content-Length: %d\\r\\nDate: %s\\r\\n\\r\\n" % (len(body), date), body)
os.environ["GWLB_IMDS"] = serve(
    sends(body=b"nva"),
    sends(body=b"[" * 100_000), events(date=b"${zone}"), events(before="${zone.replaceAll("9", "8")}"),
    events(EventId="x" * 101), events(), lambda link: None)
from gwlb.drain import events
events.POLL_SECONDS = 0.01
heard, done = [], threading.Event()
def say(text):
    heard.append(text)
    if len(heard) == 6: done.set()
events.say = say
watcher = events.Watcher()
watcher.start()
done.wait(20)
print(json.dumps([heard, [event.id for event in watcher.events]]))`)) as [string[], string[]];
    const [says, ids] = found;
    for (const [place, reason] of [
      /nested deeper/,
      /not a time.*99999/,
      /not a time.*88888/,
      /id of 100/,
      /^watching the scheduled events of nva/,
    ].entries()) {
      assert.match(says[place] ?? "nothing", reason);
    }
    assert.ok(says.slice(0, 4).every((text) => text.includes("not a document of events")));
    assert.deepEqual(ids, ["e1"], "the last good answer stays");
  });
});

test("no thread of the guest ends unseen", () => {
  const guest = path.resolve(__dirname, "../../../nva-cloud-init/guest");
  const started = readdirSync(guest, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".py"))
    .flatMap((name) =>
      [
        ...readFileSync(path.join(guest, name), "utf8").matchAll(/threading\.Thread\(|_thread\./g),
      ].map(() => name),
    );
  assert.deepEqual(started, ["gwlb/process.py"], "supervised() starts them");
});

test("a thread that ends takes its process along, and says why", async () => {
  const found = guestPython(`
import time
from gwlb.process import supervised
supervised(lambda: [][1])
time.sleep(20)
print("alive")`);
  await assert.rejects(found, /IndexError/);
});
