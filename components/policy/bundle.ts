/** The policy in the form that travels in a VM's userData: compressed, versioned, hashed. */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { gzip } from "pako";
import { BUNDLE_VERSION, LIMIT } from "../../nva-cloud-init/contract/contract";
import { type CompiledPolicy, compilePolicy } from "./compile";
import { planPolicy } from "./plan";
import type { FirewallPolicy } from "./policy";

export interface PolicyBundle {
  /** Base64, ready for the VM's `userData`. */
  userData: string;
  /** SHA-256 of the compiled policy, hex; the NVA reports it as the policy in force. */
  hash: string;
  /** Length of `userData`, bytes. */
  bytes: number;
}

/**
 * Most bytes of userData. Azure documents "64 KB" without saying of what: we
 * assume the stricter behaviour, that it counts the base64 text.
 * https://learn.microsoft.com/azure/virtual-machines/user-data
 */
export const USER_DATA_LIMIT = 65_536;

/** The bundle of a policy without problems; the same policy gives the same text. */
export function bundlePolicy(policy: FirewallPolicy): PolicyBundle {
  return encodeBundle(compilePolicy(planPolicy(policy)));
}

/** The bundle of a compiled policy. */
export function encodeBundle(compiled: CompiledPolicy): PolicyBundle {
  const body = Buffer.from(JSON.stringify(compiled));
  // Node's zlib gives other bytes in other releases: the plan would show a change that is none.
  const packed = gzip(body, { level: 9, memLevel: 9 });
  const hash = createHash("sha256").update(body).digest("hex");
  const header = Buffer.from(`${BUNDLE_VERSION} sha256:${hash}\n`);
  const userData = Buffer.concat([header, packed]).toString("base64");
  return { userData, hash, bytes: userData.length };
}

/** Undoes {@link encodeBundle}; throws on text that is no bundle or does not match its hash. */
export function decodeBundle(userData: string): CompiledPolicy {
  const bytes = Buffer.from(userData, "base64");
  const end = bytes.indexOf("\n");
  const [version, hash] = bytes.subarray(0, Math.max(end, 0)).toString().split(" ");
  if (version !== BUNDLE_VERSION) throw new Error(`not a bundle of ${BUNDLE_VERSION}`);
  const body = gunzipSync(bytes.subarray(end + 1), { maxOutputLength: LIMIT.bodyBytes });
  const found = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  if (found !== hash) throw new Error(`the bundle says ${hash}, its content is ${found}`);
  return JSON.parse(body.toString()) as CompiledPolicy;
}
