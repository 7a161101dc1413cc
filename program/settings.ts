/** Settings of a stack, read and checked in one place. */
import * as pulumi from "@pulumi/pulumi";
import { refuse } from "../components/check/refuse";
import type { FirewallPolicy, GatewayProviderArgs } from "../components/index";

/** The part of a provider's arguments that a settings file can say: plain values. */
export type GatewaySettings = Omit<
  GatewayProviderArgs,
  "resourceGroupName" | "location" | "policy"
>;

/** What `Pulumi.<stack>.yaml` says. */
export interface Settings {
  /** Name of the provider, and the beginning of all Azure names. Default: `gwlb`. */
  name: string;
  /** True adds a consumer of each kind with a small workload behind it. Default: false. */
  demo: boolean;
  /** Arguments of the GatewayProvider. Default: the reference layout. */
  gateway: GatewaySettings;
  /** The firewall policy. Default: none, everything passes, with a warning. */
  policy?: FirewallPolicy;
}

type Shape = "text" | "number" | "boolean" | "texts" | "any" | { [key: string]: Shape };

/** Keys that a settings file may have, and what is expected there. */
const SHAPE: Record<keyof Settings, Shape> & Record<string, Shape> = {
  name: "text",
  demo: "boolean",
  gateway: {
    ...{ addressSpace: "text", gatewaySubnetPrefix: "text", nvaSubnetPrefix: "text" },
    ...{ gatewaySubnetId: "text", nvaSubnetId: "text", frontendAddress: "text" },
    ...{ frontendZones: "texts", natGateway: "boolean", idleTimeoutMinutes: "number" },
    internal: { port: "number", vni: "number" },
    external: { port: "number", vni: "number" },
    probe: { port: "number", path: "text", intervalSeconds: "number" },
    nva: {
      ...{ address: "text", size: "text", zone: "text", mtu: "number", imageVersion: "text" },
      ...{ acceleratedNetworking: "boolean", adminUsername: "text", adminSshPublicKey: "text" },
      ...{ policyPollSeconds: "number", drainSeconds: "number" },
    },
    fleet: {
      ...{ capacity: "number", zones: "texts", terminateNoticeMinutes: "number" },
      ...{ scaleIn: "text", keepNva: "boolean" },
      autoscale: {
        ...{ minimum: "number", maximum: "number", step: "number" },
        ...{ scaleOutCpuPercent: "number", scaleInCpuPercent: "number" },
        ...{ scaleOutMbps: "number", scaleInMbps: "number" },
        ...{ windowMinutes: "number", cooldownMinutes: "number" },
      },
      upgrade: {
        ...{ batchPercent: "number", unhealthyPercent: "number" },
        ...{ unhealthyUpgradedPercent: "number", pauseSeconds: "number", surge: "boolean" },
      },
      health: { intervalSeconds: "number", probes: "number", bootSeconds: "number" },
      repairs: { enabled: "boolean", graceMinutes: "number" },
    },
    tags: "any",
  },
  // The component checks a policy to its last field.
  policy: "any",
};

type Problem = pulumi.InputPropertyErrorDetails;

/** The settings of the stack that runs. Throws all problems at once. */
export function readSettings(): Settings {
  const project = pulumi.getProject();
  const prefix = `${project}:`;
  const all = Object.entries(pulumi.runtime.allConfig());
  const own = all.filter(([key]) => key.startsWith(prefix));
  const raw = own.map(([key, value]) => [key.slice(prefix.length), value] as const);
  return parseSettings(Object.fromEntries(raw), `settings of stack ${pulumi.getStack()}`);
}

/** Settings from the engine's form, where a value is a text and everything else is its JSON. */
export function parseSettings(raw: Record<string, string>, what: string): Settings {
  const values = Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [
      key,
      SHAPE[key] === "text" ? value : fromJson(value),
    ]),
  );
  refuse(what, shapeProblems(values, SHAPE, ""));
  const { name = "gwlb", demo = false, gateway = {}, policy } = values as Partial<Settings>;
  return { name, demo, gateway, policy };
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function shapeProblems(value: unknown, shape: Shape, path: string): Problem[] {
  const wrong = (rule: string): Problem[] => [
    { propertyPath: path, reason: `must be ${rule}, got ${JSON.stringify(value)}` },
  ];
  if (shape === "any") return [];
  if (shape === "texts") {
    const texts = Array.isArray(value) && value.every((item) => typeof item === "string");
    return texts ? [] : wrong("a list of texts (in YAML, numbers in quotes)");
  }
  if (shape === "text") return typeof value === "string" ? [] : wrong("a text");
  if (typeof shape === "string") return typeof value === shape ? [] : wrong(`a ${shape}`);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong("a map");
  return Object.entries(value).flatMap(([key, item]) => {
    const at = path === "" ? key : `${path}.${key}`;
    const expected = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (expected !== undefined) return shapeProblems(item, expected, at);
    return [{ propertyPath: at, reason: `is not known; ${suggestion(key, Object.keys(shape))}` }];
  });
}

function suggestion(key: string, known: readonly string[]): string {
  const [nearest] = known
    .map((name) => ({ name, steps: distance(key.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, steps }) => steps <= Math.max(2, name.length / 3))
    .sort((a, b) => a.steps - b.steps);
  return nearest === undefined ? `known are ${known.join(", ")}` : `did you mean ${nearest.name}?`;
}

/** Least number of letters to change, add or leave out to come from one text to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
