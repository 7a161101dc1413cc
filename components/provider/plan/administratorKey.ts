/** The SSH key that Azure demands for a Linux VM without a password, made from a seed. */
import { createPrivateKey, createPublicKey } from "node:crypto";

/** Bytes of an ed25519 seed. */
export const KEY_SEED_BYTES = 32;

/** The bytes before the seed in a PKCS #8 private key of ed25519 (RFC 8410). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * The public key of a seed in OpenSSH's form. The same seed gives the same key, so the key stays
 * as long as the seed in the stack's state does. Throws for a seed that is not 32 bytes.
 */
export function publicKeyOf(seedBase64: string): string {
  const seed = Buffer.from(seedBase64, "base64");
  if (seed.length !== KEY_SEED_BYTES) throw new Error(`a seed has ${KEY_SEED_BYTES} bytes`);
  const pkcs8 = Buffer.concat([PKCS8_PREFIX, seed]);
  const secret = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const { x = "" } = createPublicKey(secret).export({ format: "jwk" });
  const kind = "ssh-ed25519";
  const body = Buffer.concat([Buffer.from(kind), Buffer.from(x, "base64url")].flatMap(withLength));
  return `${kind} ${body.toString("base64")}`;
}

function withLength(part: Buffer): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return [length, part];
}
