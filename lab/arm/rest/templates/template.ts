/** A deployment's template: its parameters, variables, and resources as steps. Pure. */
import { isUnder, keyOf, RESOURCE_GROUP_TYPE, resourceGroupId, sameId } from "../../ids";
import { asBodies, asBody, asText, asTexts, type Body } from "../../resource";
import {
  argumentsOf,
  evaluate,
  invalidTemplate,
  resolved,
  type Scope,
  unknownInTemplate,
} from "./expression";

/** Where a deployment goes, and what it was given. */
export interface DeploymentInput {
  subscription: string;
  /** Undefined for a deployment of the subscription itself. */
  resourceGroup?: string;
  name: string;
  template: Body;
  /** `{NAME: {value}}`. */
  parameters: Body;
}

/** One resource to write, once all that it depends on has been written. */
export interface Step {
  id: string;
  type: string;
  name: string;
  apiVersion: string;
  /** As the template writes it; computed in its turn, since it may refer to earlier steps. */
  body: Body;
  scope: Scope;
  /** Ids of other steps. */
  dependsOn: string[];
}

/** Words of a resource that are not its body. */
const ENVELOPE =
  /^(type|name|apiversion|dependson|condition|copy|resources|comments|metadata|scope)$/i;
/** As many as Azure takes in one template. */
const MAX_RESOURCES = 800;

/** A member by its name in any case, in a box that tells a null from none. */
function member(holder: Body, name: unknown): { value: unknown } | undefined {
  const key = Object.keys(holder).find((known) => keyOf(known) === keyOf(String(name)));
  return key === undefined ? undefined : { value: holder[key] };
}

/** Functions that know the deployment; the caller, who has the resources, adds `reference`. */
export function scopeOf(input: DeploymentInput): Scope {
  const { subscription, resourceGroup, name, template } = input;
  const variables = asBody(template.variables) ?? {};
  checkParameters(input);
  const groupId = resourceGroupId(subscription, resourceGroup ?? "");
  // A value that is being computed and asks for itself never ends.
  const open = new Set<string>();
  const once = (kind: string, wanted: unknown, found: { value: unknown } | undefined): unknown => {
    const key = `${kind} '${wanted}'`;
    if (found === undefined) throw invalidTemplate(`the template ${key} is not found`);
    if (open.has(keyOf(key))) throw invalidTemplate(`the template ${key} depends on itself`);
    open.add(keyOf(key));
    try {
      return resolved(found.value, scope);
    } finally {
      open.delete(keyOf(key));
    }
  };
  const scope: Scope = {
    parameters: (wanted) => {
      const given = asBody(member(input.parameters, wanted)?.value);
      if (given !== undefined) return given.value;
      const declared = asBody(member(asBody(template.parameters) ?? {}, wanted)?.value);
      return once("parameter", wanted, declared && { value: declared.defaultValue });
    },
    variables: (wanted) => once("variable", wanted, member(variables, wanted)),
    subscription: () => ({ id: `/subscriptions/${subscription}`, subscriptionId: subscription }),
    resourcegroup: () => ({ id: groupId, name: resourceGroup, type: RESOURCE_GROUP_TYPE }),
    deployment: () => ({ name, properties: { template, parameters: input.parameters } }),
    resourceid: (...args) => idOf(args.map(String), input),
    subscriptionresourceid: (...args) => idOf(args.map(String), { subscription }),
    extensionresourceid: (holder, type, ...names) =>
      `${String(holder)}/${pathOf(String(type), names.map(String))}`,
    providers: (namespace, type) => ({ resourceType: `${namespace}/${type}`, apiVersions: [""] }),
  };
  return scope;
}

/** Refuses what is missing, unknown, not allowed, or in a vault. */
function checkParameters({ template, parameters }: DeploymentInput): void {
  const declared = asBody(template.parameters) ?? {};
  for (const [name, given] of Object.entries(parameters)) {
    const own = asBody(member(declared, name)?.value);
    if (own === undefined) {
      throw invalidTemplate(
        `The following parameters were supplied, but do not correspond to any parameters defined in the template: '${name}'`,
      );
    }
    const box = asBody(given) ?? {};
    if (!("value" in box)) {
      throw unknownInTemplate(
        `The parameter '${name}' has no value; references to vaults are not read by the embedded Azure`,
      );
    }
    const allowed = own.allowedValues;
    if (!Array.isArray(allowed) || allowed.includes(box.value)) continue;
    throw invalidTemplate(
      `The provided value for the template parameter '${name}' is not valid: '${String(box.value)}' is not part of the allowed value(s) '${allowed.join(",")}'`,
    );
  }
  for (const [name, own] of Object.entries(declared)) {
    if (member(parameters, name) !== undefined || asBody(own)?.defaultValue !== undefined) continue;
    throw invalidTemplate(`The value for the template parameter '${name}' is not provided`);
  }
}

/** `resourceId([subscription], [group], type, name…)`. */
function idOf(
  args: readonly string[],
  at: Pick<DeploymentInput, "subscription" | "resourceGroup">,
): string {
  const typeAt = args.findIndex((arg) => arg.includes("/"));
  const type = args[typeAt];
  if (type === undefined) throw invalidTemplate("resourceId() is given no resource type");
  const before = args.slice(0, typeAt);
  const group = before.length > 0 ? before.at(-1) : at.resourceGroup;
  const subscription = before.length > 1 ? (before[0] ?? "") : at.subscription;
  const base =
    /^[0-9a-f-]{36}$/i.test(group ?? "") && before.length === 1
      ? `/subscriptions/${group}`
      : group === undefined
        ? `/subscriptions/${subscription}`
        : resourceGroupId(subscription, group);
  return `${base}/${pathOf(type, args.slice(typeAt + 1))}`;
}

/** `providers/NAMESPACE/TYPE/NAME/…`. */
function pathOf(type: string, names: readonly string[]): string {
  const [namespace = "", ...types] = type.split("/");
  if (types.length !== names.length) {
    throw invalidTemplate(
      `incorrect segment lengths for '${names.join("/")}': a resource of type '${type}' has ${types.length} name(s)`,
    );
  }
  return ["providers", namespace, ...types.flatMap((kind, i) => [kind, names[i] ?? ""])].join("/");
}

/** The resources that a template deploys, in an order in which each follows what it depends on. */
export function stepsOf(input: DeploymentInput, scope: Scope): Step[] {
  const loops = new Map<string, string[]>();
  const drafts = asBodies(input.template.resources).flatMap((resource) =>
    draftsOf(resource, input, scope, undefined, loops),
  );
  if (drafts.length > MAX_RESOURCES) {
    throw invalidTemplate(`the template has ${drafts.length} resources; 800 are allowed`);
  }
  const doubled = drafts.find(({ id }, i) => drafts.findIndex((one) => sameId(one.id, id)) !== i);
  if (doubled !== undefined) {
    throw invalidTemplate(`The resource '${doubled.id}' is defined multiple times in the template`);
  }
  for (const step of drafts) step.dependsOn = dependenciesOf(step, drafts, loops);
  return inOrder(drafts);
}

/** A resource as steps: one for each turn of its loop, and those of the resources inside it. */
function draftsOf(
  resource: Body,
  input: DeploymentInput,
  outer: Scope,
  parent: Step | undefined,
  loops: Map<string, string[]>,
): Step[] {
  const copy = asBody(resource.copy);
  const count = copy === undefined ? 1 : Number(resolved(copy.count, outer));
  if (!Number.isInteger(count) || count < 0 || count > MAX_RESOURCES) {
    throw invalidTemplate(`the copy count '${String(copy?.count)}' is not a number of resources`);
  }
  return Array.from({ length: count }, (_, turn) => turn).flatMap((turn) => {
    const scope: Scope = {
      ...outer,
      ...(copy === undefined ? {} : { copyindex: (...args) => turn + Number(args.at(-1) ?? 0) }),
    };
    const condition = resource.condition ?? true;
    const holds = typeof condition === "string" ? evaluate(condition, scope) : condition;
    const own = stepOf(resource, input, scope, parent);
    const loop = asText(copy?.name);
    if (loop !== undefined) loops.set(keyOf(loop), [...(loops.get(keyOf(loop)) ?? []), own.id]);
    const inner = asBodies(resource.resources).flatMap((below) =>
      draftsOf(below, input, scope, own, loops),
    );
    return holds === true ? [own, ...inner] : inner;
  });
}

function stepOf(
  resource: Body,
  input: DeploymentInput,
  scope: Scope,
  parent: Step | undefined,
): Step {
  const word = (name: string) => String(evaluate(asText(resource[name]) ?? "", scope));
  const [ownType, ownName, apiVersion] = [word("type"), word("name"), word("apiVersion")];
  if (ownType === "" || ownName === "" || apiVersion === "") {
    throw invalidTemplate("a resource of the template lacks its type, name or apiVersion");
  }
  if (keyOf(ownType) === "microsoft.resources/deployments") {
    throw unknownInTemplate("the embedded Azure takes no deployments inside deployments");
  }
  const below = parent !== undefined && !ownType.includes(".");
  const type = below ? `${parent.type}/${ownType}` : ownType;
  const name = below ? `${parent.name}/${ownName}` : ownName;
  const at = resource.scope === undefined ? undefined : word("scope");
  const id = placeOf(type, name, at, input);
  const body = Object.fromEntries(Object.entries(resource).filter(([key]) => !ENVELOPE.test(key)));
  const named = asTexts(resource.dependsOn).map((text) => String(evaluate(text, scope)));
  const dependsOn = below ? [...named, parent.id] : named;
  return { ...{ id, type, name, apiVersion, body, scope, dependsOn } };
}

function placeOf(type: string, name: string, at: string | undefined, input: DeploymentInput) {
  if (keyOf(type) === keyOf(RESOURCE_GROUP_TYPE)) return resourceGroupId(input.subscription, name);
  if (at === undefined) return idOf([type, ...name.split("/")], input);
  const holder = at.startsWith("/")
    ? at
    : idOf([at.split("/").slice(0, 2).join("/"), ...at.split("/").slice(2)], input);
  return `${holder}/${pathOf(type, name.split("/"))}`;
}

/** Steps that a resource names: by id, by type and name, by name alone, by loop, or in `reference`. */
function dependenciesOf(
  step: Step,
  all: readonly Step[],
  loops: ReadonlyMap<string, string[]>,
): string[] {
  const find = (wanted: string): string[] => {
    const loop = loops.get(keyOf(wanted));
    if (loop !== undefined) return loop;
    const found = all.filter(
      ({ id, type, name }) =>
        sameId(id, wanted) || sameId(name, wanted) || sameId(`${type}/${name}`, wanted),
    );
    return found.map(({ id }) => id);
  };
  const named = step.dependsOn.flatMap((wanted) => {
    const found = find(wanted);
    // An id of something that is there already is no mistake; another word is.
    if (found.length > 0 || wanted.startsWith("/")) return found;
    if (/^microsoft\./i.test(wanted)) return [];
    throw invalidTemplate(`The resource '${wanted}' is not defined in the template`);
  });
  const referred = argumentsOf("reference", step.body, step.scope).flatMap((id) =>
    find(String(id)),
  );
  const outer = all.filter(({ id }) => id !== step.id && isUnder(step.id, id)).map(({ id }) => id);
  return [...new Set([...named, ...referred, ...outer])].filter((id) => id !== step.id);
}

function inOrder(steps: readonly Step[]): Step[] {
  const ids = new Set(steps.map(({ id }) => id));
  const done = new Set<string>();
  const ordered: Step[] = [];
  while (ordered.length < steps.length) {
    const ready = steps.filter(
      ({ id, dependsOn }) =>
        !done.has(id) && dependsOn.every((other) => done.has(other) || !ids.has(other)),
    );
    if (ready.length === 0) {
      const left = steps.filter(({ id }) => !done.has(id)).map(({ name }) => name);
      throw invalidTemplate(`Circular dependency detected on resources '${left.join("', '")}'`);
    }
    for (const step of ready) done.add(step.id);
    ordered.push(...ready);
  }
  return ordered;
}
