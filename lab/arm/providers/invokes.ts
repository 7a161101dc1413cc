/** Functions of azure-native: the Get function of every known type, and who is calling. */

import type { Arm } from "../arm";
import { refuse } from "../errors";
import { TENANT } from "../principals";
import { asText, type Body } from "../resource";
import { refusalsOf } from "../rules";
import { docs } from "../sources";
import { typeOfGetter } from "../types";
import type { Caller } from "../world";
import { idOf } from "./resourceId";
import { toSdk } from "./sdkShape";

const refusals = refusalsOf("Every request", {
  absent: {
    code: "ResourceNotFound",
    says: "A resource that a program looks up is there.",
    http: 404,
    documented: docs.apiErrors,
  },
});

/** Answers a function; one that is not known is refused by name. */
export async function invoke(token: string, args: Body, arm: Arm, caller: Caller): Promise<Body> {
  const { clientId, objectId, subscription } = caller;
  if (token === "azure-native:authorization:getClientConfig") {
    return { clientId, objectId, tenantId: TENANT, subscriptionId: subscription };
  }
  const type = typeOfGetter(token);
  if (type === undefined) throw new Error(`the embedded Azure does not know function '${token}'`);
  for (const field of type.path) {
    if (asText(args[field]) === undefined) throw new Error(`missing required property '${field}'`);
  }
  const id = idOf(type, args, subscription);
  const found = await arm.get(id, { expand: asText(args.expand) });
  if (found === undefined) {
    throw refuse(refusals.absent, `The Resource '${id}' was not found.`);
  }
  return { ...toSdk(type.shape, found), id: found.id, azureApiVersion: type.apiVersion };
}
