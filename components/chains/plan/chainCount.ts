/** Chains of one program, counted by the gateway that they lead to. */

import { parseResourceId } from "../../azure/resourceId";
import type { Reason } from "../../check/problem";

/** Chains that Azure takes at one gateway, load balancer frontends and interfaces together. */
export const CHAINS_MAX = 100;

/** The chains of one program. What they lead to is an id, or the Output that an id will be. */
export class ChainCount {
  /** What the program was refused with. */
  failure?: unknown;
  readonly #byId = new Map<string, number>();
  readonly #byOutput = new WeakMap<object, number>();

  /** Adds chains to a gateway, and says why they are too many. */
  add(target: string | object, chains: number): Reason {
    const total = this.#added(target, chains);
    if (total <= CHAINS_MAX) return undefined;
    return `makes ${total} chains of this program to one gateway, and Azure takes ${CHAINS_MAX} at each, load balancer frontends and interfaces of all stacks together: add a gateway, and spread the consumers by assignGateway`;
  }

  #added(target: string | object, chains: number): number {
    if (typeof target === "object") {
      const total = (this.#byOutput.get(target) ?? 0) + chains;
      this.#byOutput.set(target, total);
      return total;
    }
    const gateway = gatewayOf(target);
    const total = (this.#byId.get(gateway) ?? 0) + chains;
    this.#byId.set(gateway, total);
    return total;
  }
}

/** The limit is the gateway's, whichever of its frontends a chain names. Ids compare without case. */
function gatewayOf(frontendId: string): string {
  const levels = parseResourceId(frontendId)?.names.length ?? 0;
  const gateway = levels > 1 ? frontendId.split("/").slice(0, -2).join("/") : frontendId;
  return gateway.toLowerCase();
}
