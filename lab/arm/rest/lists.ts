/** Lists: of groups, of resources, of one type, of a resource's parts; by page and filter. */
import { ROLE_DEFINITION_TYPE } from "../access";
import { builtInRoles } from "../builtInRoles";
import { refuse } from "../errors";
import { formatId, isUnder, keyOf, parseId, RESOURCE_GROUP_TYPE, typeOf } from "../ids";
import { groupMissing } from "../missing";
import { ownerOf } from "../owner";
import { asBodies, type Body } from "../resource";
import { refusalsOf } from "../rules";
import { childrenIn, isSimulated, type ResourceType, typeNamed } from "../types";
import { matcher } from "./filter";
import { type Answer, ok, type RestRequest } from "./request";

const refusals = refusalsOf("The HTTP API", {
  page: {
    code: "InvalidQueryParameter",
    says: "$top and $skiptoken are numbers of a page.",
    ours: true,
    assumed: "The service's tokens are opaque: a client sends back what it got.",
  },
});

/** One page of a list, and where the next one is. */
export function page(request: RestRequest, all: readonly unknown[]): Answer {
  const { query, endpoint, path, pageSize } = request;
  const from = Number(query.get("$skiptoken") ?? 0);
  const top = query.get("$top");
  const size = top === null ? pageSize : Math.min(Number(top), pageSize);
  if (!Number.isInteger(from) || from < 0 || !Number.isInteger(size) || size < 1) {
    throw refuse(refusals.page, "$top or $skiptoken is not a number of a page.");
  }
  const value = all.slice(from, from + size);
  // A caller's $top bounds the answer, not the page.
  if (from + size >= all.length || (top !== null && size < pageSize)) return ok({ value });
  const next = new URLSearchParams(query);
  next.set("$skiptoken", String(from + size));
  return ok({ value, nextLink: `${endpoint}${path}?${next}` });
}

/** Resource groups of a subscription. */
export async function listGroups(request: RestRequest, [subscription = ""]: string[]) {
  const all = await request.arm.list(RESOURCE_GROUP_TYPE);
  const own = all.filter(({ id }) => isUnder(id, `/subscriptions/${subscription}`));
  return page(request, filtered(request, own));
}

/** Resources of a subscription or a group in the short form of such lists. */
export async function listResources(request: RestRequest, [subscription = "", group]: string[]) {
  const scope = `/subscriptions/${subscription}`;
  const under = group === undefined ? scope : `${scope}/resourceGroups/${group}`;
  if (group !== undefined) await needGroup(request, group, under);
  const all = await request.arm.list(under);
  const expand = (request.query.get("$expand") ?? "").split(",");
  const shown = filtered(
    request,
    all.filter(({ type }) => type !== RESOURCE_GROUP_TYPE),
  ).map(({ id, name, type, location, tags, sku, zones, identity, properties }) => ({
    ...{ id, name, type, location, tags, sku, zones, identity },
    ...(expand.includes("provisioningState")
      ? { provisioningState: (properties as Body).provisioningState }
      : {}),
  }));
  return page(request, shown);
}

async function needGroup({ arm }: RestRequest, name: string, id: string): Promise<void> {
  if ((await arm.get(id)) === undefined) throw groupMissing(name);
}

function filtered<T extends Body>({ query }: RestRequest, all: readonly T[]): T[] {
  const filter = query.get("$filter");
  return filter === null ? [...all] : all.filter(matcher(filter));
}

/**
 * A list of one type, in a subscription, in a group or on a scope, or of one collection inside a
 * resource; undefined for a path that ends in a name.
 */
export async function listTypes(request: RestRequest): Promise<Answer | undefined> {
  const { segments, method, path, arm } = request;
  const at = segments.map(keyOf).lastIndexOf("providers");
  const rest = segments.slice(at + 1);
  if (method !== "GET" || at < 0 || rest.length % 2 !== 0) return undefined;
  const [namespace = "", ...kinds] = rest.filter((_, i) => i === 0 || i % 2 === 1);
  const scope = `/${segments.slice(0, at).join("/")}`;
  const type = [namespace, ...kinds].join("/");
  const group = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)/i.exec(path);
  if (group !== null) await needGroup(request, group[1] ?? "", group[0]);
  const known = typeNamed(type);
  if (known !== undefined && !isSimulated(known.type)) return listDeclared(request, known, scope);
  if (rest.length > 2) {
    const children = await childrenOf(request, path.slice(0, path.lastIndexOf("/")), kinds.at(-1));
    return children === undefined ? undefined : page(request, filtered(request, children));
  }
  if (known === undefined || known.inline !== undefined) return undefined;
  const found = (await arm.list(known.type)).filter((resource) => isIn(resource, scope, known));
  const builtIn = known.type === ROLE_DEFINITION_TYPE ? builtInRoles(segments[1] ?? "") : [];
  return page(request, filtered(request, [...builtIn, ...found]));
}

/** A list of a declared type: in a scope, or of what is a part of one resource. */
async function listDeclared(request: RestRequest, known: ResourceType, scope: string) {
  const { arm, path } = request;
  const one = parseId(`${path}/name`);
  const owner = one === undefined ? undefined : ownerOf(one);
  if (owner !== undefined) await arm.need(formatId(owner));
  const type = one === undefined ? known.type : typeOf(one);
  const found = (await arm.list(type)).filter(({ id }) =>
    isUnder(id, owner === undefined ? scope : path),
  );
  return page(request, filtered(request, found));
}

/** A list at a scope has what is in it; of roles, also what is above it and so holds there. */
function isIn({ id }: { id: string }, scope: string, { scoped }: ResourceType): boolean {
  if (isUnder(id, scope)) return true;
  const place = id.slice(0, keyOf(id).lastIndexOf("/providers/"));
  return scoped === true && isUnder(scope, place);
}

/** The parts of a resource in one of its collections; undefined if it has no such collection. */
async function childrenOf(
  { arm }: RestRequest,
  ownerId: string,
  collection: string | undefined,
): Promise<Body[] | undefined> {
  const owner = await arm.need(ownerId);
  const type = typeNamed(owner.type ?? "");
  const field = type === undefined ? undefined : childrenIn(type, collection ?? "");
  return field === undefined ? undefined : asBodies(owner.properties[field]);
}
