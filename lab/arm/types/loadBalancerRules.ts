import { namedChildren } from "../children";
import { type ArmError, refuse } from "../errors";
import { keyOf } from "../ids";
import { inUse, referenceProblems, removedChildren } from "../inUse";
import { asNumber, type Child, childrenOf, refOf, refsOf } from "../resource";
import { refusalsOf } from "../rules";
import { docs, issue, quoted } from "../sources";
import type { Put } from "../world";
import { FRONTEND_TYPE } from "./chain";

const refusals = refusalsOf("Microsoft.Network/loadBalancers", {
  interval: {
    code: "LoadBalancerProbeIntervalTooShort",
    says: "A probe asks every 5 seconds or less often.",
    ours: true,
    documented: docs.probes,
  },
  httpPort: {
    code: "LoadBalancerProbePortNotAllowed",
    says: "An HTTP probe asks on no port of another protocol: 19, 21, 25, 70, 110, 119, 143, 220, 993.",
    ours: true,
    documented: docs.probes,
  },
  requestPath: {
    code: "LoadBalancerProbeRequestPathInvalid",
    says: "An HTTP probe has a path, a TCP probe has none.",
    ours: true,
    documented: docs.types,
  },
  reset: {
    code: "EnableTcpResetOnlyAllowedForStandardSkuLoadBalancer",
    says: "Only a rule of SKU Standard resets TCP.",
    reported: issue("openshift/installer", 9898),
  },
  sameFrontend: {
    code: "RulesUseSameFrontendPortProtocolAndFrontendIPConfig",
    says: "Two rules on one frontend differ in protocol or port.",
    ours: true,
    assumed: "The code is spelled like that of two rules on one pool; no source shows it.",
  },
  fields: {
    code: "LoadBalancingRuleBackendAdressPoolAndBackendAddressPoolsCannotBeSetAtTheSameTimeWithDifferentValue",
    says: "A rule's backendAddressPool is its only pool, or is left out.",
    reported: issue("Azure/azure-sdk-for-java", 31781),
  },
  foreign: {
    code: "InvalidResourceReference",
    says: "A rule names parts of its own load balancer.",
    assumed:
      "The code is that of a part that is missing; no source shows a part of another load balancer.",
  },
  haZero: {
    code: "LoadBalancingRuleProtocolAllRequiresPortZero",
    says: "Protocol All goes with ports 0, and only that.",
    ours: true,
    documented: docs.haPorts,
  },
  haInternal: {
    code: "HAPortsRuleOnlyAllowedForInternalLoadBalancer",
    says: "A rule for all ports is on an internal frontend.",
    ours: true,
    documented: docs.haPorts,
  },
  natUsed: {
    code: "InUseInboundNatRuleCannotBeDeleted",
    says: "An inbound NAT rule stays while an interface has it.",
    ours: true,
    assumed: "Other parts in use are refused so; no source shows the code.",
  },
  natField: {
    code: "InvalidRequestFormat",
    says: "An inbound NAT rule has protocol and ports: one port, or a range with a pool.",
    documented: docs.apiErrors,
  },
  outboundInternal: {
    code: "OutboundRuleOnlyAllowedForPublicFrontend",
    says: "An outbound rule is on a public frontend.",
    ours: true,
    documented: docs.outboundRules,
  },
  outboundPorts: {
    code: "InvalidAllocatedOutboundPorts",
    says: "The ports of an outbound rule are a multiple of 8, at most 64,000.",
    ours: true,
    documented: docs.outboundRules,
  },
  snat: {
    code: "LoadBalancingRuleMustDisableSNATSinceSameFrontendIPConfigurationIsReferencedByOutboundRule",
    says: "A rule on the frontend of an outbound rule does no SNAT of its own.",
    reported: quoted("SameFrontendIPConfigurationIsReferencedByOutboundRule"),
  },
});

const POOL_TYPE = "Microsoft.Network/loadBalancers/backendAddressPools";
const PROBE_TYPE = "Microsoft.Network/loadBalancers/probes";

/** Ports that HTTP probes are refused on: other protocols speak there. */
export const REFUSED_HTTP_PORTS = [19, 21, 25, 70, 110, 119, 143, 220, 993];

/** Shortest interval between two probes, in seconds. */
export const MIN_PROBE_INTERVAL = 5;

/** Health probes. */
export function* probeProblems(put: Put): Generator<ArmError> {
  for (const [probe, path] of namedChildren(put, "probes")) {
    const { protocol, port, requestPath, intervalInSeconds } = probe.properties;
    const http = protocol === "Http" || protocol === "Https";
    if ((asNumber(intervalInSeconds) ?? 0) < MIN_PROBE_INTERVAL) {
      yield refuse(
        refusals.interval,
        `Probe ${probe.id} has intervalInSeconds ${intervalInSeconds}; the minimum is ${MIN_PROBE_INTERVAL}.`,
        `${path}.properties.intervalInSeconds`,
      );
    }
    if (http && REFUSED_HTTP_PORTS.includes(asNumber(port) ?? 0)) {
      yield refuse(
        refusals.httpPort,
        `Probe ${probe.id} is ${protocol} on port ${port}, which is not allowed for HTTP probes.`,
        `${path}.properties.port`,
      );
    }
    if (http !== (requestPath !== undefined && requestPath !== "")) {
      yield refuse(
        refusals.requestPath,
        `Probe ${probe.id} is ${protocol}: requestPath is ${http ? "required" : "not allowed"}.`,
        `${path}.properties.requestPath`,
      );
    }
  }
}

/** Load balancing rules of any SKU. */
export function* ruleProblems(put: Put): Generator<ArmError> {
  const seen = new Map<string, string>();
  for (const [rule, path] of namedChildren(put, "loadBalancingRules")) {
    const { properties } = rule;
    yield* poolFieldProblems(rule, path);
    const own = (id: string | undefined, type: string, field: string) =>
      ownProblems(put, id, type, `${path}.properties.${field}`);
    yield* own(refOf(properties.frontendIPConfiguration), FRONTEND_TYPE, "frontendIPConfiguration");
    for (const id of refsOf(properties.backendAddressPools)) {
      yield* own(id, POOL_TYPE, "backendAddressPools");
    }
    if (properties.probe !== undefined) yield* own(refOf(properties.probe), PROBE_TYPE, "probe");
    if (properties.enableTcpReset === true && put.desired.sku?.name !== "Standard") {
      yield refuse(
        refusals.reset,
        `Rule ${rule.id} has enableTcpReset on a ${put.desired.sku?.name} SKU load balancer.`,
        `${path}.properties.enableTcpReset`,
      );
    }
    yield* portProblems(put, rule, path);
    const key = [
      keyOf(refOf(properties.frontendIPConfiguration) ?? ""),
      properties.frontendPort,
      properties.protocol,
    ].join(" ");
    const other = seen.get(key);
    if (other !== undefined) {
      yield refuse(
        refusals.sameFrontend,
        `Rules ${other} and ${rule.name} use the same frontend, port and protocol.`,
        `${path}.properties.frontendPort`,
      );
    }
    seen.set(key, rule.name);
  }
}

function* poolFieldProblems(rule: Child, path: string): Generator<ArmError> {
  const one = refOf(rule.properties.backendAddressPool);
  const many = refsOf(rule.properties.backendAddressPools);
  if (one !== undefined && !(many.length === 1 && keyOf(many[0] ?? "") === keyOf(one))) {
    yield refuse(
      refusals.fields,
      `Rule ${rule.id} has different values in backendAddressPool and backendAddressPools.`,
      `${path}.properties.backendAddressPool`,
    );
  }
}

/** A reference that must be to a child of the load balancer itself. */
function* ownProblems(
  put: Put,
  id: string | undefined,
  type: string,
  path: string,
): Generator<ArmError> {
  const wrong = [...referenceProblems(put, id, [type], path)];
  yield* wrong;
  if (wrong.length > 0 || id === undefined) return;
  if (keyOf(id).startsWith(`${keyOf(put.desired.id)}/`)) return;
  yield refuse(
    refusals.foreign,
    `${path} is '${id}', which belongs to another load balancer than ${put.desired.id}.`,
    `${path}.id`,
  );
}

function* portProblems(put: Put, rule: Child, path: string): Generator<ArmError> {
  const { protocol, frontendPort, backendPort } = rule.properties;
  if (put.desired.sku?.name === "Gateway") return; // stricter there
  const ha = protocol === "All";
  const zero = frontendPort === 0 && backendPort === 0;
  if (ha !== zero || (!ha && backendPort === 0)) {
    yield refuse(
      refusals.haZero,
      `Rule ${rule.id} is ${protocol} ${frontendPort}-${backendPort}: protocol All goes with ports 0, and only that.`,
      `${path}.properties.frontendPort`,
    );
  }
  const frontend = childrenOf(put.desired, "frontendIPConfigurations").find(
    (f) => keyOf(f.id) === keyOf(refOf(rule.properties.frontendIPConfiguration) ?? ""),
  );
  if (ha && frontend?.properties.publicIPAddress !== undefined) {
    yield refuse(
      refusals.haInternal,
      `Rule ${rule.id} has protocol All on the public frontend ${frontend.id}.`,
      `${path}.properties.protocol`,
    );
  }
}

/** Inbound NAT rules: one port to one NIC, or a range to a pool. */
export function* natRuleProblems(put: Put): Generator<ArmError> {
  for (const gone of removedChildren(put.existing, put.desired, "inboundNatRules")) {
    const users = put.world.usersOf(gone.id).map((user) => user.id);
    if (users.length > 0) yield inUse(refusals.natUsed, gone.id, users);
  }
  for (const [rule, path] of namedChildren(put, "inboundNatRules")) {
    const { properties } = rule;
    const at = `${path}.properties`;
    yield* ownProblems(
      put,
      refOf(properties.frontendIPConfiguration),
      FRONTEND_TYPE,
      `${at}.frontendIPConfiguration`,
    );
    const ranged = properties.backendAddressPool !== undefined;
    if (ranged) {
      yield* ownProblems(
        put,
        refOf(properties.backendAddressPool),
        POOL_TYPE,
        `${at}.backendAddressPool`,
      );
    }
    const missing = ["protocol", "backendPort"]
      .concat(ranged ? ["frontendPortRangeStart", "frontendPortRangeEnd"] : ["frontendPort"])
      .filter((field) => properties[field] === undefined);
    for (const field of missing) {
      yield refuse(refusals.natField, `Cannot parse the request: ${at}.${field} is missing.`, at);
    }
  }
}

/** Outbound rules: only of a public Standard load balancer. */
export function* outboundRuleProblems(put: Put): Generator<ArmError> {
  for (const [outbound, path] of namedChildren(put, "outboundRules")) {
    const { properties } = outbound;
    const at = `${path}.properties`;
    yield* ownProblems(
      put,
      refOf(properties.backendAddressPool),
      POOL_TYPE,
      `${at}.backendAddressPool`,
    );
    for (const id of refsOf(properties.frontendIPConfigurations)) {
      yield* ownProblems(put, id, FRONTEND_TYPE, `${at}.frontendIPConfigurations`);
      const frontend = childrenOf(put.desired, "frontendIPConfigurations").find(
        (f) => keyOf(f.id) === keyOf(id),
      );
      if (frontend !== undefined && frontend.properties.publicIPAddress === undefined) {
        yield refuse(
          refusals.outboundInternal,
          `Outbound rule ${outbound.id} names the internal frontend ${id}.`,
          `${at}.frontendIPConfigurations`,
        );
      }
      yield* snatProblems(put, outbound, id);
    }
    const ports = asNumber(properties.allocatedOutboundPorts) ?? 0;
    if (ports % 8 !== 0 || ports < 0 || ports > 64000) {
      yield refuse(
        refusals.outboundPorts,
        `Outbound rule ${outbound.id} has allocatedOutboundPorts ${ports}; it must be a multiple of 8, at most 64000.`,
        `${at}.allocatedOutboundPorts`,
      );
    }
  }
}

/** A rule on the same frontend must not do SNAT as well. */
function* snatProblems(put: Put, outbound: Child, frontendId: string): Generator<ArmError> {
  for (const [rule, path] of namedChildren(put, "loadBalancingRules")) {
    if (keyOf(refOf(rule.properties.frontendIPConfiguration) ?? "") !== keyOf(frontendId)) continue;
    if (rule.properties.disableOutboundSnat === true) continue;
    yield refuse(
      refusals.snat,
      `Rule ${rule.id} must have disableOutboundSnat true: outbound rule ${outbound.id} uses the same frontend.`,
      `${path}.properties.disableOutboundSnat`,
    );
  }
}
