/** Azure's own roles, as far as the embedded Azure has them. Pure. */
import { keyOf } from "./ids";
import type { Body, Child } from "./resource";

/** A definition, which shows no etag. */
type Role = Child & { type: string };

/** The permissions of a role. */
export interface Permission {
  actions: readonly string[];
  notActions: readonly string[];
}

interface BuiltIn extends Permission {
  /** The name that it has in every tenant. */
  guid: string;
  roleName: string;
  description: string;
}

const ROLES: readonly BuiltIn[] = [
  {
    guid: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    roleName: "Owner",
    description: "Manages everything, and who may.",
    ...{ actions: ["*"], notActions: [] },
  },
  {
    guid: "b24988ac-6180-42a0-ab88-20f7382dd24c",
    roleName: "Contributor",
    description: "Manages everything, but not who may.",
    actions: ["*"],
    notActions: ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"],
  },
  {
    guid: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    roleName: "Reader",
    description: "Sees everything, and changes nothing.",
    ...{ actions: ["*/read"], notActions: [] },
  },
  {
    guid: "4d97b98b-1d4f-4787-a291-c67834d212e7",
    roleName: "Network Contributor",
    description: "Manages networks, but not who may.",
    ...{ actions: ["Microsoft.Network/*"], notActions: [] },
  },
];

/** The permissions of the built-in role with this GUID; undefined if there is none. */
export const builtInPermission = (guid: string): Permission | undefined =>
  ROLES.find((role) => role.guid === keyOf(guid));

/** The definitions of built-in roles, as a subscription shows them. */
export const builtInRoles = (subscription: string): Role[] =>
  ROLES.map(({ guid, roleName, description, actions, notActions }) => ({
    id: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${guid}`,
    ...{ name: guid, type: "Microsoft.Authorization/roleDefinitions" },
    properties: {
      ...{ roleName, type: "BuiltInRole", description, assignableScopes: ["/"] },
      permissions: [{ actions, notActions, dataActions: [], notDataActions: [] } as Body],
    },
  }));

/** The built-in role that an id names, whichever subscription's. */
export function builtInRole(id: string): Role | undefined {
  const [, subscription = "", guid = ""] =
    /^\/subscriptions\/([^/]+)\/.*\/?roleDefinitions\/([^/]+)$/i.exec(id) ?? [];
  return builtInRoles(subscription).find(({ name }) => name === keyOf(guid));
}
