/** Files of the installed SDK of azure-native: which modules, classes and functions there are. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { checkout } from "../../paths";

/** Loads what this checkout has installed, also for a program that is bundled into one file. */
export const installed = createRequire(path.join(checkout, "package.json"));

const manifest = installed.resolve("@pulumi/azure-native/package.json");

/** Version of the installed SDK. */
export const sdkVersion = (): string =>
  (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;

/** A file of the SDK. */
export const sdkFile = (...parts: string[]): string => path.join(path.dirname(manifest), ...parts);

/** A module's index: classes and functions with the files that they are in. */
interface Index {
  classes: Map<string, string>;
  functions: Map<string, string>;
}

const indexes = new Map<string, Index>();

function indexOf(module: string): Index {
  const known = indexes.get(module);
  if (known !== undefined) return known;
  const file = sdkFile(module, "index.d.ts");
  const text = /^\w+$/.test(module) && existsSync(file) ? readFileSync(file, "utf8") : "";
  const found = (pattern: RegExp) =>
    new Map([...text.matchAll(pattern)].map(([, name = "", at = ""]) => [name, at]));
  const index = {
    classes: found(/^export type (\w+) = import\("\.\/(\w+)"\)\.\1;$/gm),
    functions: found(/^export declare const (get\w+): typeof import\("\.\/(\w+)"\)\.\1;$/gm),
  };
  indexes.set(module, index);
  return index;
}

/** Names of the modules, e.g. `keyvault`. */
export function modules(): string[] {
  const isModule = (name: string) => existsSync(sdkFile(name, "index.d.ts"));
  return readdirSync(path.dirname(manifest)).filter((name) => name !== "types" && isModule(name));
}

/** Names of the resource classes of a module. */
export const classesOf = (module: string): string[] => [...indexOf(module).classes.keys()];

/** The file of a class; undefined if there is none. */
export function classFile(module: string, name: string): string | undefined {
  const file = indexOf(module).classes.get(name);
  return file === undefined ? undefined : sdkFile(module, `${file}.d.ts`);
}

/** The arguments that the Get function of a class must have: the names in its id. */
export function namesInId(module: string, name: string): string[] | undefined {
  const file = indexOf(module).functions.get(`get${name}`);
  if (file === undefined) return undefined;
  const body = interfaceIn(sdkFile(module, `${file}.d.ts`), `Get${name}Args`);
  if (body === undefined) return undefined;
  return [...body.matchAll(/^ {4}(\w+): string;$/gm)].map(([, argument = ""]) => argument);
}

/** The names of a class's arguments that a program may leave out. */
export function optionalArguments(module: string, name: string): string[] {
  const file = classFile(module, name);
  if (file === undefined) return [];
  const body = interfaceIn(file, `${name}Args`) ?? "";
  return [...body.matchAll(/^ {4}(\w+)\?:/gm)].map(([, argument = ""]) => argument);
}

/** The lines of an interface in a file; undefined if it is not there. */
const interfaceIn = (file: string, name: string): string | undefined =>
  new RegExp(`^export interface ${name} \\{\n(.*?)^\\}$`, "ms").exec(
    readFileSync(file, "utf8"),
  )?.[1];

/** The version of the API that a class's comment names. */
export const apiVersionIn = (text: string): string =>
  /Uses Azure REST API version ([\w-]+)\./.exec(text)?.[1] ?? "";

/** An entry of lists of types, made without reading the declaration of the class. */
export function outlineOf(module: string, name: string): { apiVersion: string; located: boolean } {
  const file = classFile(module, name);
  const text = file === undefined ? "" : readFileSync(file, "utf8");
  const located = optionalArguments(module, name).includes("location");
  return { apiVersion: apiVersionIn(text), located };
}
