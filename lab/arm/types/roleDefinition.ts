import { ROLE_ASSIGNMENT_TYPE, ROLE_DEFINITION_TYPE, roleGuid } from "../access";
import { refuse } from "../errors";
import { isUnder, keyOf } from "../ids";
import { asBodies, asText, asTexts } from "../resource";
import { refusalsOf } from "../rules";
import { list, record, required, text } from "../schema";
import { docs, quoted } from "../sources";
import { guidName, type ResourceType } from "./definition";
import { roleShape } from "./roleShape";

const refusals = refusalsOf(ROLE_DEFINITION_TYPE, {
  twin: {
    code: "RoleDefinitionWithSameNameExists",
    says: "A custom role has a name of its own in the tenant.",
    http: 409,
    reported: quoted("RoleDefinitionWithSameNameExists"),
  },
  scopes: {
    code: "LinkedInvalidPropertyId",
    says: "A role is written at a scope that its assignable scopes cover.",
    assumed: "No source shows the service's answer to a scope that none of them covers.",
  },
  assigned: {
    code: "RoleDefinitionHasAssignments",
    says: "A custom role stays while it is assigned.",
    documented: docs.roleErrors,
  },
});

/** Whether an assignable scope has to do with the subscription that a definition is written in. */
const covers = (scope: string, subscription: string) =>
  scope === "/" || isUnder(scope, subscription) || isUnder(subscription, scope);

/** A role of a tenant's own: actions that may be assigned together. */
export const roleDefinition: ResourceType = {
  type: ROLE_DEFINITION_TYPE,
  token: "azure-native:authorization:RoleDefinition",
  getter: "azure-native:authorization:getRoleDefinition",
  apiVersion: "2022-05-01-preview",
  path: ["scope", "roleDefinitionId"],
  name: guidName,
  located: false,
  scoped: true,
  shape: roleShape({
    roleName: required(text()),
    description: text(),
    type: { ...text(), sdkName: "roleType" },
    permissions: list(
      record({
        actions: list(text()),
        notActions: list(text()),
        dataActions: list(text()),
        notDataActions: list(text()),
      }),
    ),
    assignableScopes: required(list(text(), 1)),
  }),
  prepare({ desired }) {
    desired.properties.type = "CustomRole";
    for (const permission of asBodies(desired.properties.permissions)) {
      for (const list of ["actions", "notActions", "dataActions", "notDataActions"]) {
        permission[list] ??= [];
      }
    }
  },
  rules: [
    function* definition({ desired, id, world }) {
      const { roleName, assignableScopes } = desired.properties;
      const twin = [...world.all()].find(
        (other) =>
          other.type === desired.type &&
          other.id !== desired.id &&
          keyOf(asText(other.properties.roleName) ?? "") === keyOf(asText(roleName) ?? ""),
      );
      if (twin !== undefined) {
        yield refuse(
          refusals.twin,
          `A custom role with the same name '${roleName}' already exists in this directory. Use a different name.`,
          "properties.roleName",
        );
      }
      if (!asTexts(assignableScopes).some((scope) => covers(scope, id.scope))) {
        yield refuse(
          refusals.scopes,
          `The role definition is written at scope '${id.scope}', which none of its assignable scopes covers.`,
          "properties.assignableScopes",
        );
      }
    },
  ],
  deleteRules: [
    function* assigned(existing, world) {
      const used = [...world.all()].some(
        ({ type, properties }) =>
          type === ROLE_ASSIGNMENT_TYPE &&
          roleGuid(asText(properties.roleDefinitionId) ?? "") === keyOf(existing.name),
      );
      if (!used) return;
      yield refuse(
        refusals.assigned,
        `There are existing role assignments referencing role (code: RoleDefinitionHasAssignments): '${existing.properties.roleName}'.`,
        existing.id,
      );
    },
  ],
};
