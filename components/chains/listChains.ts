import { getClientToken } from "@pulumi/azure-native/authorization/getClientToken";
import * as pulumi from "@pulumi/pulumi";
import { at, formReason, optional, shown, wholeReason } from "../check/problem";
import { gated, refuse } from "../check/refuse";
import {
  CHAINABLE_TYPES,
  type Chain,
  chainsTo,
  gatewayReason,
  type ListedResource,
} from "./plan/chainList";

/** Where {@link listChains} looks. */
export interface ListChainsOptions {
  /** Subscriptions, by GUID. Default: all that the provider's identity can read. */
  subscriptionIds?: string[];
  /**
   * Address of Azure Resource Manager. Default: `https://management.azure.com`; other clouds have
   * their own, such as `https://management.usgovcloudapi.net`.
   */
  endpoint?: string;
  /** Seconds for each answer of Azure's, 1 to 600. Default: 60. */
  timeoutSeconds?: number;
  /** Provider of azure-native whose identity asks. Default: the stack's own. */
  provider?: pulumi.ProviderResource;
}

/**
 * The chains of a gateway: every frontend and IP configuration that is chained to it, sorted by id,
 * in this stack or not. `gatewayId` is the id of the gateway's frontend, or of its load balancer for
 * all of its frontends.
 *
 * The answer of a gateway does not hold its chains (the network API shows no such field), so this
 * reads the other ends: it lists load balancers and interfaces of each subscription, with the
 * identity of the azure-native provider. A chain in a subscription that the identity cannot read is
 * not seen; with `subscriptionIds`, one that cannot be read is an error. It asks in previews too,
 * and the result is that of the moment: for an output or a check, not to decide what is declared.
 *
 * For programs in TypeScript and JavaScript: a function cannot be part of the component package.
 * Throws an InputPropertiesError when an argument is wrong; fails with Azure's own words when Azure
 * refuses.
 */
export function listChains(
  gatewayId: pulumi.Input<string>,
  options: ListChainsOptions = {},
): pulumi.Output<Chain[]> {
  const { endpoint = "https://management.azure.com", timeoutSeconds = 60, provider } = options;
  const gateway = gated("listChains", "gatewayId", gatewayId, gatewayReason);
  refuse("listChains", [
    ...gateway.problems,
    ...at("options.endpoint", endpointReason(endpoint)),
    ...at(
      "options.timeoutSeconds",
      optional(timeoutSeconds, (n) => wholeReason(n, 1, 600)),
    ),
    ...(options.subscriptionIds ?? []).flatMap((id, i) =>
      at(`options.subscriptionIds[${i}]`, guidReason(id)),
    ),
  ]);
  const base = endpoint.replace(/\/+$/, "");
  return pulumi.output(gateway.value).apply(async (id) => {
    // The token's audience is the cloud's own, unless another one is asked.
    const audience = options.endpoint === undefined ? {} : { endpoint: `${base}/` };
    const { token } = await getClientToken(audience, { provider });
    const azure = new ResourceManager(base, token, timeoutSeconds);
    const subscriptions = options.subscriptionIds ?? (await azure.subscriptions());
    const lists = await Promise.all(
      subscriptions.flatMap((subscription) =>
        CHAINABLE_TYPES.map((type) => azure.resources(subscription, type)),
      ),
    );
    return chainsTo(id, lists.flat());
  });
}

/** Version of the network API whose answers are read here; chains came with 2021-02-01. */
const NETWORK_API = "2024-05-01";
const SUBSCRIPTIONS_API = "2022-12-01";

/** Reads lists page by page. */
class ResourceManager {
  constructor(
    private readonly base: string,
    private readonly token: string,
    private readonly timeoutSeconds: number,
  ) {}

  async subscriptions(): Promise<string[]> {
    const found = await this.#all<{ subscriptionId: string; state?: string }>(
      `/subscriptions?api-version=${SUBSCRIPTIONS_API}`,
    );
    // A disabled or deleted subscription answers no list.
    return found
      .filter(({ state = "Enabled" }) => ["Enabled", "Warned", "PastDue"].includes(state))
      .map(({ subscriptionId }) => subscriptionId);
  }

  resources(subscription: string, type: string): Promise<ListedResource[]> {
    return this.#all(`/subscriptions/${subscription}/providers/${type}?api-version=${NETWORK_API}`);
  }

  async #all<T>(path: string): Promise<T[]> {
    const found: T[] = [];
    for (let next: string | undefined = `${this.base}${path}`; next !== undefined; ) {
      const page: Page<T> = await this.#page(next);
      found.push(...page.value);
      next = page.nextLink === undefined || page.nextLink === "" ? undefined : page.nextLink;
      // The token goes to Azure Resource Manager and nowhere else.
      if (next !== undefined && new URL(next).origin !== new URL(this.base).origin) {
        throw new Error(`${path}: the next page is at another host, ${new URL(next).origin}`);
      }
    }
    return found;
  }

  async #page<T>(url: string): Promise<Page<T>> {
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${this.token}` },
      signal: AbortSignal.timeout(this.timeoutSeconds * 1000),
    });
    const text = await answer.text();
    if (!answer.ok) {
      throw new Error(`GET ${new URL(url).pathname}: HTTP ${answer.status} ${text.slice(0, 1000)}`);
    }
    return JSON.parse(text) as Page<T>;
  }
}

interface Page<T> {
  value: T[];
  nextLink?: string;
}

function endpointReason(endpoint: string): string | undefined {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const local = url?.hostname === "127.0.0.1" || url?.hostname === "localhost";
  if (url?.protocol === "https:" || (url?.protocol === "http:" && local)) return undefined;
  return `must be an https address like https://management.azure.com, got ${shown(endpoint)}`;
}

function guidReason(id: string): string | undefined {
  return formReason(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, "a subscription's GUID");
}
