/**
 * Policies, one after another, on a whole NVA under load: nothing allowed is refused, nothing
 * forbidden passes, nobody closes anything. `npm run changes` brings a thousand.
 */
import assert from "node:assert/strict";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { CLIENT, SERVER, throughTunnels } from "../../../bench/dataPath/way";
import { bundlePolicy, type FirewallPolicy, type FirewallRule } from "../../../components/policy";
import { start } from "../../../lab/run";
import { Undo } from "../../../lab/undo";
import { Guest } from "../../support/guest";

const CHANGES = Number(process.env.GWLB_CHANGES ?? 20);
/** New connections a second. */
const RATE = 300;
/** Seconds that one change may take on a busy machine. */
const MOST_SECONDS = 30;

interface Outcome {
  opened: number;
  forbidden: number;
  said: number;
  gap: number;
  slow: number[];
  failed: string[];
  held: string;
  leaked: number;
}

const to = (name: string, action: "allow" | "drop", port: string): FirewallRule => ({
  ...{ name, action, direction: "inbound", protocol: "tcp", ports: [port] },
});
const addressSets = { bad: Array.from({ length: 50 }, (_, n) => `100.64.${2 * n}.0/24`) };
const listed: FirewallRule = {
  ...{ name: "listed", action: "drop", direction: "inbound", sources: ["bad"] },
};
const web = to("web", "allow", "80");
/** They agree about ports 80 and 81 and about nothing else. */
const policies: FirewallPolicy[] = [
  { rules: [web], defaultInbound: "drop", defaultOutbound: "drop" },
  { rules: [listed, to("shut", "drop", "81"), web], addressSets, defaultInbound: "allow" },
  { rules: [{ ...web, sources: [`${CLIENT}/32`] }, listed], addressSets },
];

const undo = new Undo();
after(() => undo.run());

test(`${CHANGES} changes under ${RATE} new connections a second`, {
  timeout: 7_200_000,
}, async () => {
  const [first] = policies;
  assert.ok(first);
  const guest = await Guest.healthy(undo, first, { name: "c", netns: "gateway-c", gateway: false });
  const { client, server } = await throughTunnels("c", guest.outside.netns);
  const script = path.join(__dirname, "../..", "support", "changeLoad.py");
  const load = start(["python3", script, client, server, SERVER, String(RATE)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  undo.add("load", async () => void load.kill());
  assert.ok(load.stdout);
  const lines = createInterface({ input: load.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "ready");
  const bundles = policies.map((policy) => bundlePolicy(policy));
  const started = Date.now();
  for (let n = 1; n <= CHANGES; n += 1) {
    const bundle = bundles[n % bundles.length];
    assert.ok(bundle);
    await guest.outside.userData(bundle.userData);
    await guest.inForce(bundle.hash, MOST_SECONDS);
  }
  const seconds = (Date.now() - started) / 1000;
  load.stdin?.end();
  const outcome = JSON.parse(String((await lines.next()).value)) as Outcome;
  console.log(`${CHANGES} changes in ${seconds.toFixed(0)} s: ${JSON.stringify(outcome)}`);
  const { opened, forbidden, said, gap, ...bad } = outcome;
  assert.deepEqual(bad, { slow: [], failed: [], held: "", leaked: 0 });
  // The load was there: a busy machine may fall behind, not to nothing.
  assert.ok(opened > (RATE / 5) * seconds && forbidden > 10 * seconds && said > 2 * seconds);
  assert.ok(gap < 1, `${gap} s without a new connection`);
  const journal = await guest.sh("journalctl -b --no-pager -o cat -u gwlb-guard");
  assert.doesNotMatch(journal, /mending|closed|restarting/);
});
