/** Chaining over subscriptions: who may join what. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Arm, ArmError } from "../../../lab/arm/arm";
import { callerOf } from "../../../lab/arm/principals";
import * as az from "./fixture";

const OTHER = "00000000-0000-0000-0000-000000000002";
const ROLE = "11111111-1111-1111-1111-111111111111";
const GRANT = "22222222-2222-2222-2222-222222222222";
const JOIN = "Microsoft.Network/loadBalancers/frontendIPConfigurations/join/action";

const elsewhere = (id: string) => id.replace(az.subscription, OTHER);
const roleId = `/subscriptions/${az.subscription}/providers/Microsoft.Authorization/roleDefinitions/${ROLE}`;
const grantId = (scope: string, guid = GRANT) =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${guid}`;
const READER = `/subscriptions/${az.subscription}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7`;
const NETWORK_CONTRIBUTOR = READER.replace(/[^/]+$/, "4d97b98b-1d4f-4787-a291-c67834d212e7");

const role = (...actions: string[]) => ({
  properties: {
    roleName: "Gateway chainer",
    permissions: [{ actions }],
    assignableScopes: [`/subscriptions/${az.subscription}`],
  },
});
const grant = (roleDefinitionId: string, principalId = consumer.objectId) => ({
  properties: { roleDefinitionId, principalId, principalType: "ServicePrincipal" },
});

const consumer = callerOf({ subscription: OTHER });

/** The reference layout, and a consumer's resources in another subscription, not chained yet. */
async function azure() {
  const { arm, store } = await az.referenceAzure();
  const theirs = new Arm(store, { caller: consumer });
  const own = new Arm(store, { caller: callerOf({ subscription: az.subscription }) });
  const ip = elsewhere(az.network("publicIPAddresses", "web-ip"));
  const lb = elsewhere(az.network("loadBalancers", "web"));
  await theirs.put(elsewhere(az.group), az.good.group());
  await theirs.put(ip, az.good.publicIp());
  const chain = () =>
    theirs.put(lb, {
      location: az.location,
      sku: { name: "Standard" },
      properties: {
        frontendIPConfigurations: [
          {
            name: "fe",
            properties: {
              publicIPAddress: { id: ip },
              gatewayLoadBalancer: { id: az.gatewayFrontend },
            },
          },
        ],
      },
    });
  return { arm, own, theirs, chain, lb };
}

async function refused(work: Promise<unknown>, code: string): Promise<ArmError> {
  const error = await work.then(
    () => assert.fail("it was taken"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ArmError, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

describe("a chain to a gateway of another subscription", () => {
  test("is refused without a grant, and the refusal names action and frontend", async () => {
    const { chain, arm, lb } = await azure();
    const error = await refused(chain(), "LinkedAuthorizationFailed");
    assert.equal(error.status, 403);
    assert.ok(error.message.includes(JOIN) && error.message.includes(az.gatewayFrontend));
    assert.ok(error.message.includes(consumer.objectId));
    assert.equal(await arm.get(lb), undefined);
  });

  for (const { name, scope } of [
    { name: "the frontend", scope: az.gatewayFrontend },
    { name: "the load balancer", scope: az.gateway },
    { name: "the resource group", scope: az.group },
    { name: "the subscription", scope: `/subscriptions/${az.subscription}` },
  ]) {
    test(`is taken with the role of the guide on ${name}`, async () => {
      const { chain, own } = await azure();
      await own.put(roleId, role("Microsoft.Network/loadBalancers/read", JOIN));
      await own.put(grantId(scope), grant(roleId));
      await chain();
    });
  }

  for (const { name, scope, definition, principal } of [
    { name: "on another resource", scope: az.publicLb, definition: NETWORK_CONTRIBUTOR },
    { name: "that only reads", scope: az.gateway, definition: READER },
    {
      name: "of somebody else",
      scope: az.gateway,
      definition: NETWORK_CONTRIBUTOR,
      principal: "33333333-3333-3333-3333-333333333333",
    },
  ]) {
    test(`is refused with a grant ${name}`, async () => {
      const { chain, own } = await azure();
      await own.put(grantId(scope), grant(definition, principal));
      await refused(chain(), "LinkedAuthorizationFailed");
    });
  }

  test("lasts when the grant is taken back, but cannot be written again", async () => {
    const { chain, own, arm, lb } = await azure();
    await own.put(grantId(az.gateway), grant(NETWORK_CONTRIBUTOR));
    await chain();
    await own.delete(grantId(az.gateway));
    await refused(chain(), "LinkedAuthorizationFailed");
    assert.ok(await arm.get(lb));
  });

  test("cannot be granted by the one who wants it", async () => {
    const { theirs } = await azure();
    await refused(
      theirs.put(grantId(az.gateway), grant(NETWORK_CONTRIBUTOR)),
      "AuthorizationFailed",
    );
    await refused(theirs.delete(az.gateway), "AuthorizationFailed");
  });
});

describe("roles and their assignments", () => {
  test("what they name must be there, and is kept", async () => {
    const { own } = await azure();
    await refused(own.put(grantId(az.gateway), grant(roleId)), "RoleDefinitionDoesNotExist");
    await refused(own.put(grantId(`${az.gateway}x`), grant(READER)), "ResourceNotFound");
    await refused(own.put(grantId(az.gateway), grant(READER, "me")), "InvalidPrincipalId");
    await own.put(roleId, role(JOIN));
    await own.put(grantId(az.gateway), grant(roleId));
    await refused(own.delete(roleId), "RoleDefinitionHasAssignments");
    await refused(own.put(grantId(az.gateway), grant(READER)), "RoleAssignmentUpdateNotPermitted");
    const twin = grantId(az.gateway, "44444444-4444-4444-4444-444444444444");
    await refused(own.put(twin, grant(roleId)), "RoleAssignmentExists");
  });

  test("a role is known by one name, and assigned only where it says", async () => {
    const { own } = await azure();
    await own
      .put(roleId, {
        properties: {
          ...role(JOIN).properties,
          assignableScopes: ["/subscriptions/99999999-9999-9999-9999-999999999999"],
        },
      })
      .then(
        () => assert.fail("none of its scopes has to do with the subscription"),
        () => undefined,
      );
    const narrow = `${az.group}/providers/Microsoft.Authorization/roleDefinitions/${ROLE}`;
    await own.put(narrow, {
      properties: { ...role(JOIN).properties, assignableScopes: [az.group] },
    });
    const made = await own.get(narrow);
    assert.equal(made?.id, roleId, "a definition is the subscription's, whatever wrote it");
    await own.put(grantId(az.gateway), grant(narrow));
    const all = grantId(`/subscriptions/${az.subscription}`);
    await refused(own.put(all, grant(narrow)), "RoleDefinitionNotAssignableToScope");
    const other = roleId.replace(ROLE, "55555555-5555-5555-5555-555555555555");
    await refused(own.put(other, role(JOIN)), "RoleDefinitionWithSameNameExists");
  });
});
