/** Whether the NVAs judge packets by the policies that the store holds for them. */
import { BUNDLE_VERSION, FILES } from "../../nva-cloud-init/contract/contract";
import { Store } from "../arm/store";
import { readModel } from "../network/read";
import type { LabPaths } from "../paths";
import { inPlace } from "../places";
import { run } from "../run";
import type { LabStatus } from "../supervisor/status";

const HEADER = new RegExp(`^${BUNDLE_VERSION} sha256:([0-9a-f]{64})\n`);

/** How far a machine is with the policy in its userData. */
export type PolicyProgress = "in force" | "waiting" | { refused: string };

/** The hash of the policy in a userData; undefined if it holds none. Pure. */
export function policyHash(userData: string): string | undefined {
  return HEADER.exec(Buffer.from(userData, "base64").toString("latin1"))?.[1];
}

/** Progress of a policy by the NVA's own state. Pure. */
export function policyProgress(hash: string, said: string): PolicyProgress {
  let state: { hash?: unknown; refused?: { hash?: unknown; reason?: unknown } | null };
  try {
    state = JSON.parse(said) as typeof state;
  } catch {
    return "waiting";
  }
  if (state.hash === hash) return "in force";
  if (state.refused?.hash === hash) return { refused: String(state.refused.reason) };
  return "waiting";
}

/** For each running VM whose userData holds a policy, how far it is, by its name. */
export async function policiesOf(
  lab: LabPaths,
  status: LabStatus,
): Promise<Map<string, PolicyProgress>> {
  const found = new Map<string, PolicyProgress>();
  for (const vm of readModel(Store.open(lab.azure).snapshot()).vms) {
    const hash = policyHash(vm.userData ?? "");
    const place = status.places.find(({ name }) => name === vm.place);
    if (hash === undefined || place?.power !== "running" || place.pid === undefined) continue;
    const argv = inPlace(status, vm.place, ["cat", FILES.policyState]);
    const { stdout } = await run(argv, { allowed: [0, 1] });
    found.set(vm.place, policyProgress(hash, stdout));
  }
  return found;
}
