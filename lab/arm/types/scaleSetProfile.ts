/** Rules for the model of a scale set: its machine and NICs are judged as if one were made now. */

import {
  extensionsOf,
  instanceBodies,
  nicConfigurationsOf,
  profileOf,
} from "../../compute/scaleSets/model";
import { accept } from "../accept";
import { type ArmError, refuse } from "../errors";
import { parseId, sameId } from "../ids";
import { asBodies, asBody, asText, type Body, childrenOf, refOf, refsOf } from "../resource";
import { refusalsOf } from "../rules";
import { docs, issue } from "../sources";
import type { Put, World } from "../world";
import type { ResourceType } from "./definition";
import { networkInterface } from "./networkInterface";
import { virtualMachine } from "./virtualMachine";

const refusals = refusalsOf("Microsoft.Compute/virtualMachineScaleSets", {
  absent: {
    code: "InvalidParameter",
    says: "A model has all that its machines need.",
    assumed:
      "The sentence is Compute's own for a parameter that is missing; no source shows these.",
  },
  noModel: {
    code: "InvalidParameter",
    says: "A scale set has a model.",
    assumed:
      "Azure takes one without, to attach machines one by one, which the lab does not carry.",
  },
  noVersion: {
    code: "NetworkApiVersionMustBeSpecifiedWithNetworkInterfaceConfigurations",
    says: "A model with interface configurations says the version of the network API.",
    reported: issue("kubernetes-sigs/cloud-provider-azure", 2697),
  },
  longPrefix: {
    code: "InvalidParameter",
    says: "A prefix of computer names has at most 58 characters.",
    assumed: "An instance adds six characters, and a Linux name has 64 at most.",
  },
  oneName: {
    code: "InvalidParameter",
    says: "Interface configurations of one model have different names.",
    assumed: "Two interfaces of one name would have one id.",
  },
  chained: {
    code: "ScaleSetIpConfigurationCannotBeChained",
    says: "An IP configuration of a model has no chain.",
    ours: true,
    assumed: "The API has no such property; the service's answer to it is not known.",
  },
  natPools: {
    code: "InvalidParameter",
    says: "A Flexible scale set is in no pool of inbound NAT rules.",
    documented: docs.orchestration,
  },
  probe: {
    code: "InvalidParameter",
    says: "A load balancer's probe is no health source of a Flexible scale set.",
    documented: docs.rolling,
  },
  twoBalancers: {
    code: "VMScaleSetCannotUseMultipleLoadBalancersOfSameType",
    says: "A scale set is behind one public and one internal load balancer at most.",
    documented: docs.balancerErrors,
  },
  extensionName: {
    code: "InvalidParameter",
    says: "Every extension of a model has a name of its own.",
    assumed: "Two extensions of one name would be one resource on the machine.",
  },
});

const profilePath = "properties.virtualMachineProfile";
const missing = (name: string, target: string) =>
  refuse(refusals.absent, `Required parameter '${name}' is missing (null).`, target);

/**
 * A scale set has a code of its own for the first; the second is the matter of instances that are
 * really made.
 */
const NOT_THE_MODELS = ["NetworkInterfaceUsesMultipleLoadBalancersOfSameType", "SubnetIsFull"];

/** The rules of machines and NICs, over a machine that the model would make. */
export function* instanceProblems(put: Put): Generator<ArmError> {
  const profile = profileOf(put.desired);
  const required = ["osProfile", "storageProfile", "networkProfile"];
  const absent = required.filter((name) => asBody(profile[name]) === undefined);
  if (put.desired.properties.virtualMachineProfile === undefined) {
    // Azure takes an empty Flexible scale set, to put machines into one by one.
    yield refuse(
      refusals.noModel,
      "The embedded Azure carries scale sets with a virtualMachineProfile only: machines cannot be attached one by one.",
      "virtualMachineProfile",
    );
    return;
  }
  for (const name of absent) yield missing(name, `virtualMachineProfile.${name}`);
  if (absent.length > 0) return;
  yield* configurationProblems(put);
  // Judged as a user's own, so that a login is asked for, but of no scale set.
  const { nics, vm } = instanceBodies(put.desired, {
    suffix: "00000000",
    computerSuffix: "000000",
    zone: asText(put.desired.zones?.[0]),
  });
  delete asBody(vm.body.properties)?.virtualMachineScaleSet;
  const made = new Map<string, Put>();
  const world: World = { ...put.world, get: (id) => find(made, id) ?? put.world.get(id) };
  const problems: ArmError[] = [];
  for (const { id, body } of nics)
    problems.push(...judge(networkInterface, id, body, put, world, made));
  problems.push(
    ...judge(virtualMachine, vm.id, vm.body, put, { ...world, find: finder(world, made) }, made),
  );
  yield* problems.filter(({ code }) => !NOT_THE_MODELS.includes(code));
}

const find = (made: ReadonlyMap<string, Put>, id: string) =>
  [...made.values()].find(({ desired }) => sameId(desired.id, id))?.desired;

const finder =
  (world: World, made: ReadonlyMap<string, Put>): World["find"] =>
  (id) => {
    const own = find(made, id);
    return own === undefined ? world.find(id) : { owner: own, part: own };
  };

/** Asks the rules of a type about a body that the model makes. */
function judge(
  type: ResourceType,
  id: string,
  body: Body,
  put: Put,
  world: World,
  made: Map<string, Put>,
): ArmError[] {
  const parsed = parseId(id);
  if (parsed === undefined) return [];
  const problems: ArmError[] = [];
  const { properties, ...outer } = accept(type.shape, body, problems);
  const name = id.split("/").pop() ?? "";
  const desired = {
    id,
    name,
    type: type.type,
    ...outer,
    etag: "",
    properties: (properties ?? {}) as Body,
  };
  const sample: Put = { id: parsed, desired, world, serial: put.serial };
  type.prepare?.(sample);
  made.set(id, sample);
  return [...problems, ...(type.rules ?? []).flatMap((rule) => [...rule(sample)])];
}

/** NIC configurations: what binds them beyond the rules of a NIC. */
function* configurationProblems(put: Put): Generator<ArmError> {
  const network = asBody(profileOf(put.desired).networkProfile) ?? {};
  const path = `${profilePath}.networkProfile`;
  if (network.networkApiVersion === undefined) {
    yield refuse(
      refusals.noVersion,
      `Network api version in network profile of virtual machine scale set ${put.desired.name} must be specified if network interface configurations are specified.`,
      "networkProfile.networkApiVersion",
    );
  }
  yield* prefixProblems(put);
  const configurations = nicConfigurationsOf(put.desired);
  const names = configurations.map(({ name }) => name.toLowerCase());
  if (new Set(names).size < names.length) {
    yield refuse(
      refusals.oneName,
      "Two network interface configurations have one name.",
      `${path}.networkInterfaceConfigurations`,
    );
  }
  if (network.healthProbe !== undefined) yield* probeProblems(put, refOf(network.healthProbe));
  for (const [i, configuration] of configurations.entries()) {
    for (const [k, part] of asBodies(configuration.properties.ipConfigurations).entries()) {
      const at = `${path}.networkInterfaceConfigurations[${i}].properties.ipConfigurations[${k}].properties`;
      yield* partProblems(put, part, at);
    }
  }
}

function* prefixProblems(put: Put): Generator<ArmError> {
  const prefix = asText(asBody(profileOf(put.desired).osProfile)?.computerNamePrefix);
  if (prefix === undefined || prefix === "") {
    yield missing("computerNamePrefix", "osProfile.computerNamePrefix");
  } else if (prefix.length > 58) {
    yield refuse(
      refusals.longPrefix,
      `Computer name prefix '${prefix}' has ${prefix.length} characters; 58 are allowed.`,
      "osProfile.computerNamePrefix",
    );
  }
}

/** Problems of an IP configuration of a model: properties that a NIC takes and instances do not. */
function* partProblems(put: Put, part: Body, at: string): Generator<ArmError> {
  const own = asBody(part.properties) ?? {};
  if (own.gatewayLoadBalancer !== undefined) {
    // The API has no such property; Azure's answer to it is not known, the code is ours.
    yield refuse(
      refusals.chained,
      `IP configuration ${part.name} of scale set ${put.desired.name} cannot have a gatewayLoadBalancer: put the instances into a pool of a public load balancer and chain its frontend.`,
      `${at}.gatewayLoadBalancer`,
    );
  }
  if (refsOf(own.loadBalancerInboundNatPools).length > 0) {
    yield refuse(
      refusals.natPools,
      "loadBalancerInboundNatPools is not supported for orchestrationMode Flexible: use inbound NAT rules with a backend pool.",
      `${at}.loadBalancerInboundNatPools`,
    );
  }
  yield* balancerProblems(put, refsOf(own.loadBalancerBackendAddressPools), at);
}

/** A load balancer's probe is a health source of Uniform scale sets only. */
function* probeProblems(put: Put, id: string | undefined): Generator<ArmError> {
  const target = "networkProfile.healthProbe";
  const found = id === undefined ? undefined : put.world.find(id);
  const gateway = found?.owner.sku?.name === "Gateway";
  // Whether a Uniform scale set may name the probe of a Gateway SKU is not known, and refused, too.
  yield refuse(
    refusals.probe,
    gateway
      ? `healthProbe ${id} is a probe of a Gateway SKU load balancer, which is no health source: use the ApplicationHealthLinux extension.`
      : "networkProfile.healthProbe is not supported for orchestrationMode Flexible: use the ApplicationHealthLinux extension.",
    target,
  );
}

/** A scale set is in pools of one public and one internal load balancer at most. */
function* balancerProblems(put: Put, pools: readonly string[], at: string): Generator<ArmError> {
  const kinds = new Map<string, string>();
  for (const id of pools) {
    const owner = put.world.find(id)?.owner;
    if (owner === undefined) continue;
    const open = childrenOf(owner, "frontendIPConfigurations").some(
      (frontend) => frontend.properties.publicIPAddress !== undefined,
    );
    const kind = open ? "public" : "internal";
    if (!sameId(kinds.get(kind) ?? owner.id, owner.id)) {
      yield refuse(
        refusals.twoBalancers,
        `VM scale set ${put.desired.id} references more than one ${kind} load balancer: ${kinds.get(kind)}, ${owner.id}.`,
        `${at}.loadBalancerBackendAddressPools`,
      );
    }
    kinds.set(kind, owner.id);
  }
}

/** Extensions of the model, and the settings of the one that reports health. */
export function* extensionProblems(put: Put): Generator<ArmError> {
  const extensions = extensionsOf(put.desired);
  const path = "extensionProfile.extensions";
  const names = extensions.map(({ name }) => (asText(name) ?? "").toLowerCase());
  if (names.includes("") || new Set(names).size < names.length) {
    yield refuse(
      refusals.extensionName,
      "Every extension needs a name of its own.",
      `${path}.name`,
    );
  }
  for (const { name, properties } of extensions) {
    for (const field of ["publisher", "type", "typeHandlerVersion"]) {
      if (asText(asBody(properties)?.[field]) === undefined) {
        yield missing(`extensionProfile.extensions[${name}].${field}`, `${path}.${field}`);
      }
    }
  }
}
