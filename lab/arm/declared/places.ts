/**
 * Where a type of azure-native is in Azure: its namespace and the path of its id. The SDK does not
 * say; its names are made from Azure's, so most can be made back, and the others are listed.
 */
import { NAMED } from "./names";
import { classesOf, modules, namesInId, optionalArguments } from "./sdk";

/** The place of a type. */
export interface Place {
  /** E.g. `Microsoft.Storage/storageAccounts/{accountName}/tableServices/default/tables/{tableName}`. */
  path: string;
  /** The argument that the scope is in, for a type that hangs on any resource. */
  scope?: string;
}

/** Kinds of records of a DNS zone: the types of their resources. */
const RECORDS = new Set("a aaaa caa cname ds mx naptr ns ptr soa srv tlsa txt".split(" "));

/** Whether a part of a type's name is that of DNS records. */
export const isRecord = (kind: string | undefined): boolean =>
  RECORDS.has(kind?.toLowerCase() ?? "");

const SCOPES = ["resourceUri", "scope", "resourceId"];
const GROUP = "resourceGroupName";

/** The namespace of a module. */
export const namespaceOf = (module: string): string =>
  NAMED[module]?.namespace ?? `Microsoft.${capital(module)}`;

/** The namespaces whose spelling is known, and whose types clients may ask for by name. */
export const listedNamespaces = (): string[] => [
  ...new Set(Object.keys(NAMED).map((module) => namespaceOf(module))),
];

/** Modules with types of a namespace. */
export const modulesOf = (namespace: string): string[] =>
  modules().filter((module) =>
    [namespaceOf(module), ...foreign(module)].some(
      (known) => known.toLowerCase() === namespace.toLowerCase(),
    ),
  );

/** Namespaces that single classes of a module are in. */
const foreign = (module: string): string[] =>
  Object.values(NAMED[module]?.classes ?? {}).flatMap((path) =>
    path.startsWith("Microsoft.") ? [path.split("/")[0] ?? ""] : [],
  );

/** Whether resources of a module say `global` for their region. */
export const isGlobal = (module: string): boolean => NAMED[module]?.global === true;

const places = new Map<string, Place | undefined>();

/** The place of a class; undefined where names do not tell. */
export function placeOf(module: string, name: string): Place | undefined {
  const key = `${module}:${name}`;
  if (!places.has(key)) places.set(key, findPlace(module, name));
  return places.get(key);
}

function findPlace(module: string, name: string): Place | undefined {
  const named = NAMED[module]?.classes?.[name];
  if (named?.startsWith("Microsoft.")) return { path: named };
  if (named?.includes("{")) return { path: `${namespaceOf(module)}/${named}` };
  const names = namesInId(module, name) ?? [];
  const optional = optionalArguments(module, name);
  const own = names.filter((argument) => optional.includes(argument));
  const [last] = own;
  if (last === undefined || own.length > 1) return undefined;
  const above = names.filter((argument) => argument !== last && argument !== GROUP);
  const [scope] = above;
  const hangs = !names.includes(GROUP);
  if (hangs && (scope === undefined || above.length > 1 || !SCOPES.includes(scope)))
    return undefined;
  const owner = hangs || above.length === 0 ? undefined : ownerOf(module, name, above);
  if (!hangs && above.length > 0 && owner === undefined) return undefined;
  const base = owner === undefined ? namespaceOf(module) : placeOf(module, owner)?.path;
  const collection = named ?? collectionOf(name, owner ?? "");
  if (base === undefined || collection === undefined) return undefined;
  return { path: `${base}/${collection}/{${last}}`, ...(hangs ? { scope } : {}) };
}

/** The class whose resources have exactly these names in their ids; of several, the one it is named for. */
function ownerOf(module: string, name: string, above: readonly string[]): string | undefined {
  const wanted = new Set([GROUP, ...above]);
  const found = classesOf(module).filter((other) => {
    const names = namesInId(module, other) ?? [];
    const fits = names.length === wanted.size && names.every((argument) => wanted.has(argument));
    return fits && other !== name && placeOf(module, other)?.path.endsWith("}") === true;
  });
  const namesake = found.filter((other) => name.startsWith(other));
  const [first, ...more] = namesake.length > 0 ? namesake : found;
  return more.length === 0 ? first : undefined;
}

/** `GalleryImage` of a `Gallery` is in `images`. A name that is a plural already does not tell. */
function collectionOf(name: string, owner: string): string | undefined {
  const rest = owner !== "" && name.startsWith(owner) ? name.slice(owner.length) : name;
  const own = rest === "" ? name : rest;
  const lower = own.charAt(0).toLowerCase() + own.slice(1);
  if (/[^aiosu]s$/.test(lower)) return undefined;
  if (/[^aeiou]y$/.test(lower)) return `${lower.slice(0, -1)}ies`;
  return /(s|x|ch|sh)$/.test(lower) ? `${lower}es` : `${lower}s`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
