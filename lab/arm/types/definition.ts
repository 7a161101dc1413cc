/** Definition of a resource type of the embedded Azure. */
import type { Child, StoredResource } from "../resource";
import { map, type Prop, readOnly, record, resource, served, text } from "../schema";
import type { DeleteRule, Put, PutRule, Service, World } from "../world";

/** A resource type; a new one is a file with this in it and a line in `types/index.ts`. */
export interface ResourceType {
  /** Azure's name, e.g. `Microsoft.Network/loadBalancers`. */
  type: string;
  /** Token of azure-native. */
  token: string;
  /** Version of the API that azure-native 3.28 speaks to it. */
  apiVersion: string;
  /** SDK's names of the parts of the id below the resource group; the last is its own name. */
  path: readonly string[];
  /** Form of its own name. */
  name: NameForm;
  /**
   * Path of the id below the scope, with names of `path` in braces, where types and names do not
   * just take turns: `…/blobServices/default/containers/{containerName}`.
   */
  place?: string;
  /** The body, in both shapes. */
  shape: Prop;
  /** Whether the resource is in a region. */
  located: boolean;
  /** Which regions there are for it besides those of the catalogue: `global` as well, or nothing else. */
  region?: "any" | "global";
  /** Hangs on any scope, which is the first part of its path: a subscription, a group, a resource. */
  scoped?: boolean;
  /** A PUT changes what it names; the rest stays as it is. */
  keepsOmitted?: true;
  /** Kept inside another stored resource: the collection there. */
  inline?: { owner: string; collection: string };
  /** Where azure-native itself plans a replacement, besides names; paths in SDK's shape. */
  replaces?: readonly string[];
  /** Further names that reach the type: aliases of azure-native's Get functions. */
  getter: string;
  /** Fills in what the service decides: defaults, addresses, ids. Runs before the rules. */
  prepare?: (put: Put) => void;
  /** Rules that look at nothing but the resource, new and as it is: a preview asks them too. */
  ownRules?: readonly PutRule[];
  rules?: readonly PutRule[];
  deleteRules?: readonly DeleteRule[];
  /** Ids that go with the resource, in order (`deleteOption: Delete`). */
  takesAlong?: (existing: StoredResource, world: World) => string[];
  /** Consequences of a write, in the same transaction; not called for one that changed nothing. */
  afterPut?: (
    stored: StoredResource,
    existing: StoredResource | undefined,
    service: Service,
  ) => void;
  /** Consequences of a delete, in the same transaction. */
  afterDelete?: (deleted: StoredResource, service: Service) => void;
  /** The resource as a GET shows it: with what others say of it, and with what `expand` asks for. */
  present?: (stored: StoredResource, world: World, expand: string) => StoredResource;
}

/** Limits of a name, as Azure's naming rules have them. */
export interface NameForm {
  max: number;
  pattern: RegExp;
  /** The rule in words. */
  words: string;
}

/** Names of most network resources. */
export const networkName = (max = 80): NameForm => ({
  max,
  pattern: /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/,
  words:
    "letters, digits, underscores, periods and hyphens; it begins with a letter or digit and ends with a letter, digit or underscore",
});

export const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Names of roles and their assignments. */
export const guidName: NameForm = { max: 36, pattern: GUID, words: "a GUID" };

/** The body of a top-level resource: envelope and properties. */
export function topLevel(inner: Record<string, Prop>, outer: Record<string, Prop> = {}): Prop {
  return resource(
    {
      id: readOnly(text()),
      name: readOnly(text()),
      type: readOnly(text()),
      etag: readOnly(text()),
      location: text(),
      tags: map,
      ...outer,
    },
    { ...inner, provisioningState: readOnly(text()) },
  );
}

/** Values that network resources all carry. */
export const resourceGuid = { resourceGuid: served };

/** Zones of a resource. */
export const extendedLocation = record({ name: text(), type: text("EdgeZone") });

/** A child with a changed `properties`. */
export function withProperties<T extends Child | StoredResource>(
  part: T,
  more: Record<string, unknown>,
): T {
  const kept = Object.entries(more).filter(([, value]) => value !== undefined);
  return { ...part, properties: { ...part.properties, ...Object.fromEntries(kept) } };
}
