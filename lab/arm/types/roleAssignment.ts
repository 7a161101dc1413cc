import { customRole, permissionsOf, ROLE_ASSIGNMENT_TYPE, roleGuid } from "../access";
import { refuse } from "../errors";
import { isUnder, keyOf } from "../ids";
import { isPrincipal, TENANT } from "../principals";
import { asText, asTexts, type StoredResource } from "../resource";
import { refusalsOf } from "../rules";
import { readOnly, required, text } from "../schema";
import { docs, quoted, recordings } from "../sources";
import type { World } from "../world";
import { GUID, guidName, type ResourceType } from "./definition";
import { roleShape } from "./roleShape";

const refusals = refusalsOf(ROLE_ASSIGNMENT_TYPE, {
  principal: {
    code: "InvalidPrincipalId",
    says: "A principal is named by a GUID.",
    reported: quoted("InvalidPrincipalId"),
  },
  unknown: {
    code: "PrincipalNotFound",
    says: "A principal is in the directory, unless the assignment says its type.",
    recorded: `PUT of an assignment to an identity made just before; ${recordings.operator}`,
  },
  noRole: {
    code: "RoleDefinitionDoesNotExist",
    says: "The role that is assigned is there.",
    assumed: "The code is that of a GET of the definition.",
  },
  notAssignable: {
    code: "RoleDefinitionNotAssignableToScope",
    says: "A custom role is assigned below its assignable scopes.",
    ours: true,
    documented: docs.roles,
  },
  twin: {
    code: "RoleAssignmentExists",
    says: "A principal has a role on a scope once.",
    http: 409,
    reported: quoted("RoleAssignmentExists"),
  },
  fixed: {
    code: "RoleAssignmentUpdateNotPermitted",
    says: "Principal, role and scope of an assignment are fixed.",
    documented: docs.roleErrors,
  },
});

/** A role given to an identity on a scope and everything below it. */
export const roleAssignment: ResourceType = {
  type: ROLE_ASSIGNMENT_TYPE,
  token: "azure-native:authorization:RoleAssignment",
  getter: "azure-native:authorization:getRoleAssignment",
  apiVersion: "2022-04-01",
  path: ["scope", "roleAssignmentName"],
  name: guidName,
  located: false,
  scoped: true,
  shape: roleShape({
    roleDefinitionId: required(text()),
    principalId: required(text()),
    principalType: text("User", "Group", "ServicePrincipal", "ForeignGroup", "Device"),
    description: text(),
    scope: readOnly(text()),
  }),
  prepare({ desired, id, world }) {
    desired.properties.scope = id.scope;
    if (isPrincipal(asText(desired.properties.principalId) ?? "", world)) {
      desired.properties.principalType ??= "ServicePrincipal";
    }
  },
  rules: [
    function* assignment({ desired, existing, id, world }) {
      const { principalId, roleDefinitionId } = desired.properties;
      if (!GUID.test(asText(principalId) ?? "")) {
        yield refuse(
          refusals.principal,
          `A valid principal ID must be provided for role assignment, got '${principalId}'.`,
          "properties.principalId",
        );
      }
      if (desired.properties.principalType === undefined) {
        yield refuse(
          refusals.unknown,
          `Principal ${String(principalId).replaceAll("-", "")} does not exist in the directory ${TENANT}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
          "properties.principalId",
        );
      }
      if (permissionsOf(asText(roleDefinitionId) ?? "", world) === undefined) {
        yield refuse(
          refusals.noRole,
          `The specified role definition with ID '${roleDefinitionId}' does not exist.`,
          "properties.roleDefinitionId",
        );
      } else if (!assignableAt(asText(roleDefinitionId) ?? "", id.scope, world)) {
        yield refuse(
          refusals.notAssignable,
          `The role definition '${roleDefinitionId}' is not assignable at scope '${id.scope}': see its assignableScopes.`,
          "properties.roleDefinitionId",
        );
      }
      const twin = [...world.all()].find(
        (other) =>
          other.type === desired.type && other.id !== desired.id && facts(other) === facts(desired),
      );
      if (twin !== undefined) {
        yield refuse(refusals.twin, "The role assignment already exists.", desired.id);
      }
      if (existing !== undefined && facts(existing) !== facts(desired)) {
        yield refuse(
          refusals.fixed,
          "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
          "properties",
        );
      }
    },
  ],
};

/** The facts that make up an assignment. */
const facts = ({ properties: { principalId, roleDefinitionId, scope } }: StoredResource): string =>
  keyOf(`${principalId} ${roleGuid(asText(roleDefinitionId) ?? "")} ${scope}`);

/** Azure's own roles may be assigned anywhere; one of the tenant's own where it says. */
function assignableAt(roleDefinitionId: string, scope: string, world: World): boolean {
  const own = customRole(roleDefinitionId, world);
  if (own === undefined) return true;
  return asTexts(own.properties.assignableScopes).some((outer) => isUnder(scope, outer));
}
