import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nvasOf } from "../../../policy-pack/nvas";
import { type Resource, Type } from "../../../policy-pack/rule";
import { nvaBootsTrusted } from "../../../policy-pack/rules/nvaBootsTrusted";
import { nvaHasNoPassword } from "../../../policy-pack/rules/nvaHasNoPassword";
import { nvaHasNoPublicAddress } from "../../../policy-pack/rules/nvaHasNoPublicAddress";
import { nvaHealthIsHonest } from "../../../policy-pack/rules/nvaHealthIsHonest";
import { UNKNOWN, type Value } from "../../../policy-pack/values";
import { messages, resource } from "./check";

const gateway = resource(Type.LoadBalancer, { loadBalancerName: "g", sku: { name: "Gateway" } });
const web: Resource = {
  ...resource(Type.LoadBalancer, { loadBalancerName: "web", sku: { name: "Standard" } }),
  urn: "urn:web",
};
const poolOf = (name: string) => `/x/loadBalancers/${name}/backendAddressPools/p`;

function machine(configuration: object, id: Value, dependencies: string[], more: object = {}) {
  const nic = resource(
    Type.NetworkInterface,
    { networkInterfaceName: "nic", ipConfigurations: [{ ...configuration, pools: undefined }] },
    dependencies,
  );
  const references = [{ id }];
  const vm = resource(
    Type.VirtualMachine,
    { vmName: "vm", networkProfile: { networkInterfaces: references }, ...more } as Value,
    [nic.urn],
  );
  return [gateway, web, nic, vm];
}
const inPool = (id: Value) => ({ loadBalancerBackendAddressPools: [{ id }] });
const nicId = "/x/networkInterfaces/nic";

describe("nvasOf", () => {
  for (const { name, stack, want } of [
    { name: "by known ids", stack: machine(inPool(poolOf("g")), nicId, []), want: 1 },
    { name: "by ids in other letters", stack: machine(inPool(poolOf("G")), nicId, []), want: 1 },
    { name: "not in another pool", stack: machine(inPool(poolOf("web")), nicId, []), want: 0 },
    { name: "by dependency", stack: machine(inPool(UNKNOWN), UNKNOWN, [gateway.urn]), want: 1 },
    {
      name: "not when the pool may be another's",
      stack: machine(inPool(UNKNOWN), UNKNOWN, [gateway.urn, web.urn]),
      want: 0,
    },
    {
      name: "not a consumer that depends on its gateway",
      stack: machine({ ...inPool(UNKNOWN), gatewayLoadBalancer: { id: UNKNOWN } }, UNKNOWN, [
        gateway.urn,
      ]),
      want: 0,
    },
    { name: "not without a pool", stack: machine({}, nicId, [gateway.urn]), want: 0 },
    {
      name: "not on another interface",
      stack: machine(inPool(poolOf("g")), "/x/networkInterfaces/b", []),
      want: 0,
    },
  ]) {
    test(`finds a machine ${name}`, () => assert.equal(nvasOf(stack).length, want));
  }
});

const template = (configuration: object) => ({
  networkProfile: { networkInterfaceConfigurations: [{ ipConfigurations: [configuration] }] },
});

describe("rules about appliances", () => {
  const scaleSet = (profile: object, configuration: object = {}) => [
    gateway,
    resource(Type.ScaleSet, {
      virtualMachineProfile: {
        ...template({ ...inPool(poolOf("g")), ...configuration }),
        ...profile,
      },
    } as Value),
  ];
  const vm = (more: object, configuration: object = {}) =>
    machine({ ...inPool(poolOf("g")), ...configuration }, nicId, [], more);
  const locked = { linuxConfiguration: { disablePasswordAuthentication: true } };
  const uefiSettings = { secureBootEnabled: true, vTpmEnabled: true };

  for (const { rule, name, stack, want } of [
    { rule: nvaHasNoPublicAddress, name: "none", stack: vm({}), want: 0 },
    {
      rule: nvaHasNoPublicAddress,
      name: "a machine's",
      stack: vm({}, { publicIPAddress: { id: UNKNOWN } }),
      want: 1,
    },
    {
      rule: nvaHasNoPublicAddress,
      name: "a scale set's",
      stack: scaleSet({}, { publicIPAddressConfiguration: { name: "ip" } }),
      want: 1,
    },
    { rule: nvaHasNoPassword, name: "keys only", stack: vm({ osProfile: locked }), want: 0 },
    { rule: nvaHasNoPassword, name: "the default", stack: vm({ osProfile: {} }), want: 1 },
    {
      rule: nvaHasNoPassword,
      name: "a password beside it",
      stack: vm({ osProfile: { ...locked, adminPassword: UNKNOWN } }),
      want: 1,
    },
    { rule: nvaHasNoPassword, name: "a specialised disk", stack: vm({}), want: 0 },
    { rule: nvaHasNoPassword, name: "a scale set's", stack: scaleSet({ osProfile: {} }), want: 1 },
    {
      rule: nvaBootsTrusted,
      name: "all on",
      stack: vm({ securityProfile: { securityType: "TrustedLaunch", uefiSettings } }),
      want: 0,
    },
    {
      rule: nvaBootsTrusted,
      name: "confidential",
      stack: vm({ securityProfile: { securityType: "ConfidentialVM", uefiSettings } }),
      want: 0,
    },
    { rule: nvaBootsTrusted, name: "nothing", stack: vm({}), want: 1 },
    {
      rule: nvaBootsTrusted,
      name: "both switches off",
      stack: scaleSet({ securityProfile: { securityType: "TrustedLaunch" } }),
      want: 2,
    },
    {
      rule: nvaBootsTrusted,
      name: "not known yet",
      stack: vm({ securityProfile: UNKNOWN }),
      want: 0,
    },
  ]) {
    test(`${rule.name}, ${name}: ${want} findings`, () => {
      assert.equal(messages(rule, stack).length, want);
    });
  }
});

describe("nva-health-is-honest", () => {
  const health = (settings: object, more: object = {}) => ({
    extensionProfile: { extensions: [{ type: "ApplicationHealthLinux", settings, ...more }] },
  });
  const fleet = (profile: object, ...others: Resource[]) => [
    gateway,
    resource(Type.ScaleSet, {
      vmScaleSetName: "fleet",
      virtualMachineProfile: { ...template(inPool(poolOf("g"))), ...profile },
    } as Value),
    ...others,
  ];
  const apart = (type: string, vmScaleSetName: string) =>
    resource(Type.ScaleSetExtension, { type, vmScaleSetName });
  const good = { protocol: "http", port: 8080, requestPath: "/health/application" };

  for (const { name, stack, want } of [
    { name: "by HTTP", stack: fleet(health(good)), want: 0 },
    { name: "by nothing", stack: fleet({}), want: 1 },
    { name: "by another extension", stack: fleet(health(good, { type: "OmsAgent" })), want: 1 },
    { name: "by an open port", stack: fleet(health({ protocol: "tcp", port: 8080 })), want: 1 },
    { name: "at the login port", stack: fleet(health({ protocol: "TCP", port: 22 })), want: 2 },
    { name: "without a path", stack: fleet(health({ protocol: "http", port: 8080 })), want: 1 },
    { name: "not known yet", stack: fleet({ extensionProfile: UNKNOWN }), want: 0 },
    { name: "by the probe", stack: fleet({ ...probed(UNKNOWN) }), want: 0 },
    {
      name: "by an extension of its own",
      stack: fleet({}, apart("ApplicationHealthLinux", "Fleet")),
      want: 0,
    },
    {
      name: "by another scale set's",
      stack: fleet({}, apart("ApplicationHealthLinux", "web")),
      want: 1,
    },
    {
      name: "of a scale set that is no appliance",
      stack: [gateway, resource(Type.ScaleSet, { virtualMachineProfile: {} })],
      want: 0,
    },
  ]) {
    test(`${name}: ${want} findings`, () => {
      assert.equal(messages(nvaHealthIsHonest, stack).length, want);
    });
  }

  function probed(id: Value) {
    const { networkProfile } = template(inPool(poolOf("g")));
    return { networkProfile: { ...networkProfile, healthProbe: { id } } };
  }
});
