/** Azure's answers for something that is not there: they depend on how much of its id is. */
import { ROLE_ASSIGNMENT_TYPE, ROLE_DEFINITION_TYPE } from "./access";
import { type ArmError, refuse } from "./errors";
import { type ArmId, formatId, keyOf, nameOf, parentOf, resourceGroupId, typeOf } from "./ids";
import { ownerOf } from "./owner";
import { refusalsOf } from "./rules";
import { recordings } from "./sources";
import type { World } from "./world";

const refusals = refusalsOf("Every request", {
  group: {
    code: "ResourceGroupNotFound",
    says: "The resource group is there; below one that is gone every request is answered so.",
    http: 404,
    recorded: `GET and DELETE below a group that is gone; ${recordings.operator}`,
  },
  assignment: {
    code: "RoleAssignmentNotFound",
    says: "A role assignment that is asked for is there.",
    http: 404,
    recorded: `GET of an assignment after its DELETE; ${recordings.operator}`,
  },
  definition: {
    code: "RoleDefinitionDoesNotExist",
    says: "A role definition that is asked for is there.",
    http: 404,
    recorded: `GET of a definition after its DELETE; ${recordings.operator}`,
  },
  part: {
    code: "NotFound",
    says: "A part that is asked for is in its resource.",
    http: 404,
    recorded: `GET of a backend pool that there is not; ${recordings.client}`,
  },
  resource: {
    code: "ResourceNotFound",
    says: "A resource that is asked for is there.",
    http: 404,
    recorded: `GET of resources after their DELETE; ${recordings.operator}`,
  },
});

const HELP = "For more details please go to https://aka.ms/ARMResourceNotFoundFix";

/** Why nothing can be at an id: its group or what it is a part of is missing; else undefined. */
export function placeMissing(id: ArmId, world: World): ArmError | undefined {
  const { subscription, resourceGroup, namespace } = id;
  if (namespace === undefined || resourceGroup === undefined) return undefined;
  // Roles are the tenant's: what they hang on may be gone. Recorded for DELETE.
  if (keyOf(namespace) === "microsoft.authorization") return undefined;
  if (world.get(resourceGroupId(subscription, resourceGroup)) === undefined) {
    return groupMissing(resourceGroup);
  }
  const parent = ownerOf(id);
  if (parent === undefined || world.find(formatId(parent)) !== undefined) return undefined;
  return placeMissing(parent, world) ?? resourceMissing(parent);
}

/** The 404 for an id with nothing there. */
export function notFound(id: ArmId, world: World): ArmError {
  if (id.namespace === undefined) return groupMissing(nameOf(id));
  return placeMissing(id, world) ?? resourceMissing(id);
}

export const groupMissing = (name: string) =>
  refuse(refusals.group, `Resource group '${name}' could not be found.`);

function resourceMissing(id: ArmId): ArmError {
  const type = keyOf(typeOf(id));
  const name = nameOf(id);
  if (type === keyOf(ROLE_ASSIGNMENT_TYPE)) {
    const message = `The role assignment '${name}' is not found.`;
    return refuse(refusals.assignment, message);
  }
  if (type === keyOf(ROLE_DEFINITION_TYPE)) {
    const message = `The specified role definition with ID '${name}' does not exist.`;
    return refuse(refusals.definition, message);
  }
  // A part of something that is there is answered by its service, the rest by the front door.
  if (parentOf(id) !== undefined) {
    return refuse(refusals.part, `Resource ${formatId(id)} not found.`);
  }
  const path = id.types.map((kind, i) => `${kind}/${id.names[i]}`).join("/");
  const where = id.resourceGroup === undefined ? "" : ` under resource group '${id.resourceGroup}'`;
  return refuse(
    refusals.resource,
    `The Resource '${id.namespace}/${path}'${where} was not found. ${HELP}`,
  );
}
