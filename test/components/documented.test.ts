/** The published descriptions say the defaults and limits that the code has. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RULES_MAX } from "../../components/policy/policy";
import { planFleet } from "../../components/provider/plan/fleet";
import { planNva } from "../../components/provider/plan/nva";
import { planProbe } from "../../components/provider/plan/probe";
import {
  type Bounds,
  DEFAULTS,
  LIMIT,
  NUMBERS,
  TUNNEL_NUMBERS,
} from "../../nva-cloud-init/contract/contract";
import { read } from "../support/sources";

type Described = Record<string, { description?: string }>;
const schema = JSON.parse(read("schema.json")) as {
  types: Record<string, { properties?: Described }>;
  resources: Record<string, { inputProperties: Described }>;
};

/** Description of a property, its line breaks left out. */
function descriptionOf(owner: string, name: string): string {
  const token = `azure-gwlb:index:${owner}`;
  const properties = schema.types[token]?.properties ?? schema.resources[token]?.inputProperties;
  return properties?.[name]?.description?.replace(/\s+/g, " ") ?? "";
}

/** The default as a description has it; not the beginning of a longer number. */
function defaultOf(value: string | number | boolean): RegExp {
  const text = typeof value === "string" ? `\`${value}\`` : String(value);
  return new RegExp(`Default: ${text}(?!\\d)`);
}

const fleet = planFleet({});
/** Settings of a user who leaves everything out. */
const defaults: Record<string, object> = {
  NvaArgs: planNva(),
  GatewayProbeArgs: planProbe(),
  FleetArgs: fleet,
  FleetUpgradeArgs: fleet.upgrade,
  FleetHealthArgs: fleet.health,
  FleetRepairsArgs: fleet.repairs,
};
/** Its default is another with each release, and said so. */
const MOVING = "NvaArgs.imageVersion";

const { internal, external, probePath, probePort } = DEFAULTS;
const range = ({ least, most }: Bounds) => `${least} to ${most}`;
const pair = (value: "port" | "vni") =>
  `Default: ${internal[value]} for the internal tunnel, ${external[value]} for the external one`;
const rate = `1 to ${LIMIT.rate.toLocaleString("en")}`;
/** Owner, property, and texts of its description. */
const said: readonly (readonly [owner: string, name: string, ...texts: string[]])[] = [
  ["GatewayTunnelArgs", "port", range(TUNNEL_NUMBERS.port), pair("port")],
  ["GatewayTunnelArgs", "vni", range(TUNNEL_NUMBERS.vni), pair("vni")],
  ["GatewayProvider", "internal", `Default: VNI ${internal.vni} on UDP ${internal.port}`],
  ["GatewayProvider", "external", `Default: VNI ${external.vni} on UDP ${external.port}`],
  ["GatewayProvider", "probe", `Default: \`${probePath}\` on ${probePort}`],
  ["GatewayProbeArgs", "port", range(NUMBERS.probePort)],
  ["NvaArgs", "mtu", range(NUMBERS.mtu)],
  ["NvaArgs", "policyPollSeconds", range(NUMBERS.policyPollSeconds)],
  ["NvaArgs", "drainSeconds", range(NUMBERS.drainSeconds)],
  ["FirewallRule", "name", `at most ${LIMIT.name}`],
  ["FirewallPolicy", "rules", `at most ${RULES_MAX.toLocaleString("en")}`],
  ["RateLimit", "perSecond", rate],
  ["RateLimit", "burst", rate],
];

describe("descriptions of arguments", () => {
  for (const [owner, plan] of Object.entries(defaults)) {
    test(`${owner}: defaults are those of the plan`, () => {
      const plain = Object.entries(plan).filter(
        (entry): entry is [string, string | number | boolean] =>
          ["number", "string", "boolean"].includes(typeof entry[1]) &&
          `${owner}.${entry[0]}` !== MOVING,
      );
      assert.ok(plain.length > 0);
      for (const [name, value] of plain) {
        assert.match(descriptionOf(owner, name), defaultOf(value), `${owner}.${name}`);
      }
    });
  }

  for (const [owner, name, ...texts] of said) {
    test(`${owner}.${name}: ${texts.join("; ")}`, () => {
      const description = descriptionOf(owner, name);
      for (const text of texts) assert.ok(description.includes(text), description);
    });
  }
});
