/** The policy's way into the kernel: good bundles take over, bad ones change nothing and say why. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before, beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { bundlePolicy, type FirewallPolicy } from "../../../components/policy";
import { run, start } from "../../../lab/run";
import { FILES } from "../../../nva-cloud-init/contract/contract";
import { settings } from "../../support/outside";
import {
  GUEST,
  type PolicyMachine,
  policyMachine,
  writeSettings,
} from "../../support/policyMachine";

interface State {
  hash: string | null;
  source: string;
  refused: { hash: string | null; reason: string } | null;
  imds: string;
  saved: boolean | string;
}

const allow: FirewallPolicy = { rules: [], defaultInbound: "allow", defaultOutbound: "allow" };
const drop: FirewallPolicy = { rules: [], defaultInbound: "drop", defaultOutbound: "allow" };
const large: FirewallPolicy = {
  rules: [{ name: "bad", action: "drop", direction: "inbound", sources: ["bad"] }],
  addressSets: { bad: Array.from({ length: 400 }, (_, n) => `10.${n >> 7}.${(2 * n) & 255}.0/24`) },
  defaultInbound: "allow",
};
const [allowing, dropping, listing] = [allow, drop, large].map(bundlePolicy);
assert.ok(allowing && dropping && listing);

let machine: PolicyMachine;
let root: string;
let imds: ChildProcess;
let server: ChildProcess;
let agent: ChildProcess | undefined;
let journal: string[] = [];

const statePath = () => path.join(root, FILES.policyState);
const lastPath = () => path.join(root, "var/lib/azure-gwlb/policy.last");
const state = () => JSON.parse(readFileSync(statePath(), "utf8")) as State;
const say = (name: string, text: string) => writeFileSync(path.join(root, "imds", name), text);
const program = path.join(GUEST, "gwlb-policy");

async function until(what: string, is: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; ; ) {
    try {
      if (is()) return;
    } catch {
      // A file that is not there yet.
    }
    assert.ok(Date.now() < end, `not ${what} in time\n${journal.join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** True if a client beyond the External tunnel reaches the server beyond the Internal one. */
async function passes(): Promise<boolean> {
  const connect = "exec 3<>/dev/tcp/10.9.0.2/80";
  const argv = ["ip", "netns", "exec", "left-a", "timeout", "1", "bash", "-c", connect];
  return (await run(argv, { allowed: [0, 1, 124] })).code === 0;
}

async function startImds(): Promise<void> {
  const service = path.join(__dirname, "../..", "support", "imds.py");
  const policy = path.join(root, FILES.policyState);
  const args = [path.join(root, "imds"), policy, String(settings.probePort)];
  imds = start(["ip", "netns", "exec", machine.nva, "python3", service, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => imds.stdout?.once("data", resolve));
}

function startAgent(): void {
  const environment = { ...process.env, ROOT: root, GWLB_IMDS: "http://127.0.0.1:8169" };
  agent = start(["ip", "netns", "exec", machine.nva, "python3", "-B", program, "run"], {
    env: environment,
    stdio: ["ignore", "inherit", "pipe"],
  });
  if (agent.stderr)
    createInterface({ input: agent.stderr }).on("line", (line) => journal.push(line));
}

function stopAgent(): Promise<void> {
  const child = agent;
  agent = undefined;
  if (child === undefined || child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("close", () => resolve());
    child.kill("SIGKILL");
  });
}

/** Runs a verb of the program; gives its exit code and what it complained of. */
async function verb(name: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const argv = [
    "ip",
    "netns",
    "exec",
    machine.nva,
    "env",
    `ROOT=${root}`,
    "python3",
    "-B",
    program,
  ];
  return run([...argv, name], { allowed: [0, 1] });
}

before(async () => {
  machine = await policyMachine("a");
  root = mkdtempSync(path.join(tmpdir(), "gwlb-agent-"));
  mkdirSync(path.join(root, "imds"));
  writeSettings(root);
  // A client beyond the External tunnel, and a server beyond the Internal one.
  for (const [netns, side, address] of [
    ["left-a", "ex", "10.9.0.1/24"],
    ["right-a", "in", "10.9.0.2/24"],
  ] as const) {
    await run(["ip", "netns", "add", netns]);
    await run(["ip", "-n", machine.peer, "link", "set", side, "netns", netns]);
    await run(["ip", "-n", netns, "address", "add", address, "dev", side]);
    await run(["ip", "-n", netns, "link", "set", side, "up"]);
  }
  const web = ["python3", "-m", "http.server", "80", "--bind", "10.9.0.2", "--directory", root];
  server = start(["ip", "netns", "exec", "right-a", ...web], { stdio: "ignore" });
  await startImds();
});

after(async () => {
  await stopAgent();
  imds?.kill();
  server?.kill();
  rmSync(root, { recursive: true, force: true });
});

test("first boot without any bundle: nothing passes, and verify says that there is no policy", async () => {
  startAgent();
  await until("refused", () => /empty/.test(state().refused?.reason ?? ""));
  assert.equal(state().hash, null);
  assert.equal(await passes(), false);
  const { code, stderr } = await verb("verify");
  assert.deepEqual([code, /no policy/.test(stderr)], [1, true]);
  await stopAgent();
});

describe("with a policy in force", () => {
  beforeEach(async () => {
    await stopAgent();
    for (const name of ["status", "slow", "breaks", "hang", "hung"])
      rmSync(path.join(root, "imds", name), { force: true });
    journal = [];
    say("userData", allowing.userData);
    startAgent();
    await until("in force", () => state().hash === allowing.hash && state().refused === null);
    assert.equal(await passes(), true);
  });

  test("a new bundle takes over within the interval, and is kept for the next boot", async () => {
    say("userData", dropping.userData);
    await until("replaced", () => state().hash === dropping.hash);
    assert.equal(await passes(), false);
    await until("kept", () => readFileSync(lastPath()).includes(dropping.hash));
    assert.equal((await verb("verify")).code, 0);
  });

  test("health's question has a good answer at every moment of a change", async () => {
    let changing = true;
    const answers: string[] = [];
    const ask = (async () => {
      while (changing) {
        const { code, stderr } = await verb("verify");
        answers.push(code === 0 ? "" : stderr);
      }
    })();
    try {
      // As long as it takes a busy machine to ask often enough.
      for (let n = 0; n < 6 || answers.length <= 10; n += 1) {
        const next = n % 2 === 0 ? listing : allowing;
        say("userData", next.userData);
        await until("in force", () => state().hash === next.hash);
      }
    } finally {
      changing = false;
      await ask;
    }
    assert.ok(answers.length > 10);
    assert.deepEqual(
      answers.filter((answer) => answer !== ""),
      [],
    );
  });

  const body = (change: (text: string) => string) => {
    const raw = Buffer.from(listing.userData, "base64");
    return change(raw.toString("latin1"));
  };
  const forged = (fields: object) => {
    const chains = [":@-IN - [0:0]", ":@-OUT - [0:0]", ":@-IN-R - [0:0]", ":@-OUT-R - [0:0]"];
    const plain = { stateful: true, endForbiddenFlows: true, sets: [] };
    const text = `${chains.join("\n")}\n`;
    return packed(JSON.stringify({ ...plain, filter4: text, filter6: text, ...fields }));
  };
  const packed = (json: string) => {
    const hash = createHash("sha256").update(json).digest("hex");
    const header = Buffer.from(`azure-gwlb-policy/1 sha256:${hash}\n`);
    return Buffer.concat([header, gzipSync(json)]).toString("base64");
  };
  const rule = (line: string) => {
    const chains = [":@-IN - [0:0]", ":@-OUT - [0:0]", ":@-IN-R - [0:0]", ":@-OUT-R - [0:0]"];
    return forged({ filter4: `${[...chains, line].join("\n")}\n` });
  };
  const latin = (text: string) => Buffer.from(text, "latin1").toString("base64");

  for (const { title, userData, says } of [
    { title: "no userData", userData: "", says: /empty/ },
    { title: "no base64", userData: "%%%", says: /base64/ },
    { title: "something else", userData: latin("#cloud-config\n"), says: /not a bundle/ },
    {
      title: "a later version",
      userData: latin(body((t) => t.replace("policy/1", "policy/2"))),
      says: /policy\/2/,
    },
    {
      title: "a truncated bundle",
      userData: latin(body((t) => t.slice(0, -40))),
      says: /truncated/,
    },
    {
      title: "a wrong hash",
      userData: latin(body((t) => t.replace(/sha256:./, "sha256:x"))),
      says: /wrong hash/,
    },
    {
      title: "a damaged body",
      userData: latin(body((t) => `${t.slice(0, 120)}~~~~${t.slice(124)}`)),
      says: /unpack|hash/,
    },
    {
      title: "a body that fills the memory",
      userData: forged({ sets: [], filler: "x".repeat(17 << 20) }),
      says: /more than/,
    },
    {
      title: "a rule the kernel refuses",
      userData: rule("-A @-IN -m tcp --dport 1 -j DROP"),
      says: /iptables-restore/,
    },
    {
      title: "a rule of another table",
      userData: rule("-A INPUT -j ACCEPT"),
      says: /not a rule in a chain/,
    },
    {
      title: "an option out of the list",
      userData: rule("-A @-IN -m string --string x -j DROP"),
      says: /may not use/,
    },
    { title: "a target out of the list", userData: rule("-A @-IN -j TEE"), says: /may not use -j/ },
    { title: "a chain of the loader's", userData: rule(":@-OK - [0:0]"), says: /@-OK/ },
    { title: "a second table in the text", userData: rule("COMMIT"), says: /not a rule/ },
    {
      title: "a malformed set",
      userData: forged({ sets: [{ family: 4, side: "source", bit: 99, ranges: "AAAA" }] }),
      says: /address set/,
    },
    {
      title: "a body without end to its depth",
      userData: packed("[".repeat(100_000)),
      says: /nested deeper/,
    },
    {
      title: "a text that nobody asked for",
      userData: forged({ stateful: "x".repeat(1 << 20) }),
      says: /^stateful must be .{300,400}… \(\d+ characters\)$/,
    },
    { title: "a body of another shape", userData: forged({ filter6: 5 }), says: /malformed/ },
  ]) {
    test(`${title} is refused: the last good policy stays`, async () => {
      say("userData", userData);
      await until("refused", () => says.test(state().refused?.reason ?? ""));
      assert.equal(state().hash, allowing.hash);
      assert.equal(await passes(), true);
      assert.equal((await verb("verify")).code, 0);
      assert.ok(journal.some((line) => /refused/.test(line)));
    });
  }

  for (const { title, name, text, says } of [
    { title: "throttles", name: "status", text: "429", says: /HTTP 429/ },
    { title: "fails", name: "status", text: "503", says: /HTTP 503/ },
    {
      title: "answers a byte at a time",
      name: "slow",
      text: "0.5",
      says: /not complete|TimeoutError/,
    },
  ]) {
    test(`the metadata service ${title}: the last good policy stays, state says so`, async () => {
      say(name, text);
      await until("told", () => says.test(state().imds));
      assert.equal(state().hash, allowing.hash);
      assert.equal(await passes(), true);
      rmSync(path.join(root, "imds", name));
      await until("well again", () => state().imds === "ok");
    });
  }

  test("the metadata service hangs: rules are mended meanwhile", async () => {
    say("hang", "");
    await until("hanging", () => existsSync(path.join(root, "imds/hung")));
    const at = journal.length;
    await machine.inNva(["iptables", "-F", "GWLB"]);
    await until("mended", () => journal.slice(at).some((line) => line.includes("in force from")));
    const since = journal.slice(at);
    const mended = since.findIndex((line) => line.includes("in force from"));
    // The request that hung when the rule went had its full time still.
    await until("told", () => journal.slice(at).some((line) => line.includes("not complete")));
    assert.ok(!since.slice(0, mended).some((line) => line.includes("not complete")));
  });

  test("a policy that breaks health is taken back, once", async () => {
    say("breaks", listing.hash);
    say("userData", listing.userData);
    await until("taken back", () => /taken back/.test(state().refused?.reason ?? ""));
    assert.equal(state().refused?.hash, listing.hash);
    assert.equal(state().hash, allowing.hash);
    assert.equal((await verb("verify")).code, 0);
    const loads = () => journal.filter((line) => line.includes(listing.hash.slice(0, 12))).length;
    const before = loads();
    const asked = journal.length;
    say("status", "500");
    await until("asked again", () => journal.length > asked);
    assert.equal(loads(), before);
  });

  test("the metadata service is gone: the last good policy stays, state says so", async () => {
    imds.kill();
    await until("told", () => /^unreachable/.test(state().imds));
    assert.equal(await passes(), true);
    await startImds();
    await until("well again", () => state().imds === "ok");
  });

  test("a full disk: the new policy is in force, and state says that it is not kept", async () => {
    const folder = path.dirname(lastPath());
    const kept = readFileSync(lastPath());
    await stopAgent(); // a process sees the mounts of its start
    await run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", folder]);
    try {
      writeFileSync(path.join(folder, "filler"), Buffer.alloc(4096));
      startAgent();
      say("userData", listing.userData);
      await until("said", () => /not saved/.test(String(state().saved)));
      assert.equal(state().hash, listing.hash);
    } finally {
      await stopAgent();
      await run(["umount", folder]);
    }
    assert.deepEqual(readFileSync(lastPath()), kept);
  });

  test("rules that somebody flushed come back", async () => {
    await machine.inNva(["iptables", "-F", "GWLB"]);
    await until("repaired", () => {
      const seen = journal.findIndex((line) => line.includes("not those of the policy"));
      return seen >= 0 && journal.slice(seen).some((line) => line.includes("in force from"));
    });
    assert.equal((await verb("verify")).code, 0);
    assert.equal(await passes(), true);
  });

  test("a rule put in by hand goes at once, however long the interval", async () => {
    await stopAgent();
    writeSettings(root, { policyPollSeconds: 3600 });
    try {
      journal = [];
      startAgent();
      await until("up", () => journal.some((line) => line.includes("in force already")));
      await machine.inNva(["iptables", "-I", "GWLB", "-j", "ACCEPT"]);
      await until("repaired", () => journal.some((line) => line.includes("in force from")));
      assert.doesNotMatch(await machine.inNva(["iptables", "-S", "GWLB"]), /^-A GWLB -j ACCEPT$/m);
    } finally {
      writeSettings(root);
    }
  });

  test("a restart of the agent leaves rules and their counters alone", async () => {
    const count = async () => {
      const lines = (await verb("counters")).stdout.trim().split("\n");
      const rules = lines.map((line) => JSON.parse(line) as { rule: string; packets: number });
      return rules.find(({ rule: name }) => name === "default-inbound")?.packets ?? 0;
    };
    const counted = await count();
    assert.ok(counted > 0);
    await stopAgent();
    startAgent();
    await until("up", () => journal.some((line) => line.includes("in force already")));
    assert.equal(await count(), counted);
  });

  test("the last good policy loads from the disk without the metadata service", async () => {
    await stopAgent();
    for (const tool of ["iptables", "ip6tables"]) await machine.inNva([tool, "-F", "GWLB"]);
    await machine.inNva(["nft", "delete", "table", "inet", "gwlb"]);
    assert.equal(await passes(), false);
    const { stderr } = await verb("restore");
    assert.match(stderr, /in force from disk/);
    assert.equal(await passes(), true);
  });
});
