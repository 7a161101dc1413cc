/**
 * Types of azure-native that are declared, not simulated: they have no part in a packet's way, so the
 * lab checks them against the SDK's own type definitions, keeps them, shows them and deletes them.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cacheDir } from "../../paths";
import { identityProblems } from "../identities";
import { isUnder, keyOf } from "../ids";
import type { ResourceType } from "../types/definition";
import { type Declaration, declarationFile, declarationOf } from "./declarations";
import { notTaken } from "./packetsWay";
import { isGlobal, isRecord, listedNamespaces, modulesOf, type Place, placeOf } from "./places";
import { classesOf, outlineOf, sdkVersion } from "./sdk";
import { shapeOf, type Wire } from "./shapes";

/** A declared type, or why there is none. */
export type Answer = { type: ResourceType } | { why: string };

/** By class: what Azure calls or places otherwise than the SDK. */
const WIRE: Readonly<Record<string, Wire>> = {
  "operationalinsights:Workspace": { inner: ["sku"] },
  "storage:StorageAccount": {
    names: {
      enableHttpsTrafficOnly: "supportsHttpsTrafficOnly",
      enableNfsV3: "isNfsV3Enabled",
      networkRuleSet: "networkAcls",
    },
  },
};

const answers = new Map<string, Answer>();

/** The type of a token such as `azure-native:keyvault:Vault`. */
export function declaredToken(token: string): Answer {
  const known = answers.get(token);
  if (known !== undefined) return known;
  const answer = answerFor(token);
  answers.set(token, answer);
  return answer;
}

/** The type of a Get function's token such as `azure-native:keyvault:getVault`. */
export const declaredGetter = (token: string): ResourceType | undefined =>
  typeIn(declaredToken(token.replace(/:get(\w+)$/, ":$1")));

/** The type with Azure's name, e.g. `Microsoft.KeyVault/vaults`, in any case. */
export function declaredType(name: string): ResourceType | undefined {
  const token = tokenNamed(name);
  return token === undefined ? undefined : typeIn(declaredToken(token));
}

/** Whether there is a type of this name; its declaration is not read for it. */
export const isDeclared = (name: string): boolean => tokenNamed(name) !== undefined;

/** Namespaces that have declared types, in Microsoft's spelling. */
export const declaredNamespaces = listedNamespaces;

/** An entry of a list of types. */
export type Outline = Pick<ResourceType, "type" | "apiVersion" | "located">;

/** All declared types of a namespace; their declarations are not read for it. */
export const declaredIn = (namespace: string): Outline[] =>
  [...tokensOf(namespace).values()].flatMap((token) => {
    const [, module = "", name = ""] = token.split(":");
    const place = placeOf(module, name);
    return place === undefined ? [] : { type: typeNameOf(place), ...outlineOf(module, name) };
  });

const typeIn = (answer: Answer): ResourceType | undefined =>
  "type" in answer ? answer.type : undefined;

function answerFor(token: string): Answer {
  const [provider, module = "", name = ""] = token.split(":");
  if (provider !== "azure-native" || !classesOf(module).includes(name)) return { why: "" };
  const why = notTaken(module, name);
  if (why !== undefined) return { why: `${why}, which the lab does not carry` };
  const place = placeOf(module, name);
  if (place === undefined) return { why: "the form of its id is not known" };
  const declaration = keptDeclaration(token, module, name);
  return declaration === undefined
    ? { why: "the SDK has no declaration of it" }
    : { type: typeOver(token, place, declaration) };
}

function typeOver(token: string, place: Place, declaration: Declaration): ResourceType {
  const [, module = "", name = ""] = token.split(":");
  const own = [...place.path.matchAll(/\{(\w+)\}/g)].map(([, argument = ""]) => argument);
  const inId = [place.scope ?? "resourceGroupName", ...own];
  const located = declaration.inputs.location !== undefined && !inId.includes("location");
  return {
    type: typeNameOf(place),
    token,
    getter: `azure-native:${module}:get${name}`,
    apiVersion: declaration.apiVersion,
    path: inId,
    place: place.path,
    name: { max: 260, pattern: /^[^/\\?#%]+$/, words: "no slash, backslash, ?, # or %" },
    located,
    region: isGlobal(module) ? "global" : "any",
    ...(place.scope === undefined ? {} : { scoped: true }),
    ...(located ? { replaces: ["location"] } : {}),
    shape: shapeOf(declaration, inId, WIRE[`${module}:${name}`]),
    rules: [identityProblems],
    takesAlong: ({ id }, world) =>
      [...world.all()].flatMap((other) =>
        other.id !== id && isUnder(other.id, id) ? [other.id] : [],
      ),
  };
}

/** Type of a place: the path without names; a segment in braces stands for any of several types. */
function typeNameOf({ path: at }: Place): string {
  const [namespace = "", ...rest] = at.split("/");
  return [namespace, ...rest.filter((_, i) => i % 2 === 0)].join("/");
}

const namespaces = new Map<string, Map<string, string>>();

/** Tokens of a namespace's types by their names in lower case. */
function tokensOf(namespace: string): Map<string, string> {
  const key = keyOf(namespace);
  const known = namespaces.get(key);
  if (known !== undefined) return known;
  const tokens = new Map<string, string>();
  for (const module of modulesOf(namespace)) {
    for (const name of classesOf(module)) {
      if (notTaken(module, name) !== undefined) continue;
      const place = placeOf(module, name);
      const type = place === undefined ? "" : keyOf(typeNameOf(place));
      if (type.startsWith(`${key}/`)) tokens.set(type, `azure-native:${module}:${name}`);
    }
  }
  namespaces.set(key, tokens);
  return tokens;
}

function tokenNamed(name: string): string | undefined {
  const tokens = tokensOf(name.split("/")[0] ?? "");
  const exact = tokens.get(keyOf(name));
  if (exact !== undefined) return exact;
  const parts = keyOf(name).split("/");
  const fits = (type: string) => {
    const others = type.split("/");
    return (
      others.length === parts.length &&
      others.every((part, i) => part === parts[i] || (part.startsWith("{") && isRecord(parts[i])))
    );
  };
  return [...tokens].find(([type]) => type.includes("{") && fits(type))?.[1];
}

/** The declaration from the user's cache; the compiler makes it the first time. */
function keptDeclaration(token: string, module: string, name: string): Declaration | undefined {
  const file = declarationFile(path.join(cacheDir(), "declarations"), sdkVersion(), token);
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Declaration;
  } catch {
    // Not there, or not whole: it is made.
  }
  const made = declarationOf(module, name);
  if (made === undefined) return undefined;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const own = `${file}.${process.pid}`;
    writeFileSync(own, JSON.stringify(made));
    renameSync(own, file);
  } catch {
    // A cache that cannot be written costs time only.
  }
  return made;
}
