import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { KEY_SEED_BYTES, publicKeyOf } from "../plan/administratorKey";

/**
 * A key that nobody has to know. The seed stays a secret of the stack's state, where an
 * administrator who must get in can find it; the public half is none.
 */
export function createAdministratorKey(
  name: string,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const seed = new random.RandomBytes(name, { length: KEY_SEED_BYTES }, { parent });
  return pulumi.unsecret(seed.base64.apply(publicKeyOf));
}
