import { refuse } from "../errors";
import { asText } from "../resource";
import { refusalsOf } from "../rules";
import { text } from "../schema";
import { docs } from "../sources";
import { type ResourceType, topLevel } from "./definition";
import { sshKeyProblem } from "./sshKeys";

const refusals = refusalsOf("Microsoft.Compute/sshPublicKeys", {
  form: {
    code: "InvalidParameter",
    says: "A public key is RSA of 2,048 bits or more, or Ed25519, in OpenSSH's form.",
    documented: docs.sshKeys,
  },
});

/** An SSH public key as a resource. */
export const sshPublicKey: ResourceType = {
  type: "Microsoft.Compute/sshPublicKeys",
  token: "azure-native:compute:SshPublicKey",
  getter: "azure-native:compute:getSshPublicKey",
  apiVersion: "2024-11-01",
  path: ["resourceGroupName", "sshPublicKeyName"],
  name: {
    max: 80,
    pattern: /^[A-Za-z0-9_.-]+$/,
    words: "letters, digits, underscores, periods, hyphens",
  },
  located: true,
  shape: topLevel({ publicKey: text() }),
  rules: [
    function* key({ desired }) {
      const problem = sshKeyProblem(asText(desired.properties.publicKey) ?? "");
      if (problem === undefined) return;
      yield refuse(refusals.form, `The SSH public key is invalid: ${problem}.`, "publicKey");
    },
  ],
};
