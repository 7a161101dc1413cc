/** Check as azure-native does it: names, location and version filled in, then types. */
import { randomBytes } from "node:crypto";
import type { Body } from "../resource";
import type { ResourceType } from "../types";
import { guidName } from "../types/definition";
import { inputProblems } from "./sdkShape";
import { isUnknown, UNKNOWN } from "./values";

/** Mark in the inputs of a resource whose name was made up: it can be created before it is deleted. */
export const CREATE_FIRST = "__createBeforeDelete";

/** The engine's proposal for a name. */
export interface Autonaming {
  mode: "propose" | "enforce" | "disable";
  name: string;
}

/** The context of a check, besides the inputs. */
export interface CheckContext {
  type: ResourceType;
  urn: string;
  olds: Body;
  seed: Uint8Array;
  autonaming?: Autonaming;
  /** `azure-native:location`, if it is set. */
  location?: string;
  /** Region of a resource group, undefined if there is no such group. */
  groupLocation: (name: string) => Promise<string | undefined>;
}

/** The inputs with what is filled in, and what is wrong with them. */
export async function checkInputs(
  news: Body,
  context: CheckContext,
): Promise<{ inputs: Body; problems: string[] }> {
  const { type } = context;
  const inputs: Body = { ...news };
  fillName(inputs, context);
  if (type.located && inputs.location === undefined) {
    const location = await defaultLocation(inputs, context);
    if (location !== undefined) inputs.location = location;
  }
  inputs.azureApiVersion ??= type.apiVersion;
  return { inputs, problems: problemsOf(inputs, type) };
}

function fillName(inputs: Body, { type, urn, olds, seed, autonaming }: CheckContext): void {
  const field = type.path[type.path.length - 1];
  if (field === undefined || inputs[field] !== undefined) return;
  // A place that ends in a word has no name of its own.
  if (type.place !== undefined && !type.place.endsWith("}")) return;
  if (olds[field] !== undefined) {
    inputs[field] = olds[field];
    if (olds[CREATE_FIRST] === true) inputs[CREATE_FIRST] = true;
    return;
  }
  if (autonaming?.mode === "disable") return;
  const logical = urn.split("::").pop() ?? "";
  inputs[field] =
    type.name === guidName ? guid(seed) : (autonaming?.name ?? `${logical}${suffix(seed)}`);
  inputs[CREATE_FIRST] = true;
}

/** Eight hexadecimal digits, from the engine's seed so that preview and update agree. */
function suffix(seed: Uint8Array): string {
  const bytes = seed.length >= 4 ? Buffer.from(seed.slice(0, 4)) : randomBytes(4);
  return bytes.toString("hex");
}

/** The name of a role or its assignment where the program gives none. */
function guid(seed: Uint8Array): string {
  const bytes = seed.length >= 16 ? Buffer.from(seed.slice(0, 16)) : randomBytes(16);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

async function defaultLocation(inputs: Body, context: CheckContext): Promise<unknown> {
  if (context.olds.location !== undefined) return context.olds.location;
  if (context.location !== undefined) return context.location;
  const group = inputs.resourceGroupName;
  if (isUnknown(group)) return UNKNOWN;
  return typeof group === "string" ? context.groupLocation(group) : undefined;
}

function problemsOf(inputs: Body, type: ResourceType): string[] {
  const { azureApiVersion: _version, [CREATE_FIRST]: _first, __defaults: _d, ...rest } = inputs;
  const problems = type.path
    .filter((field) => rest[field] === undefined)
    .map((field) => `missing required property '${field}'`);
  for (const field of type.path) {
    const value = rest[field];
    if (value !== undefined && typeof value !== "string") {
      problems.push(`'${field}' should be of type 'string'`);
    }
    delete rest[field];
  }
  if (type.located && inputs.location === undefined) {
    problems.push(
      "missing required property 'location'. Either set it explicitly or configure it with 'pulumi config set azure-native:location <value>'.",
    );
  }
  return [...problems, ...inputProblems(type.shape, rest)];
}
