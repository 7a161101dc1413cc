/** An engine for unit tests: records every registration, and answers as Azure would. */
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";

/** One resource that a program declared. */
export interface Registration {
  type: string;
  /** Logical name. */
  name: string;
  inputs: Record<string, unknown>;
}

export interface MockEngine {
  /** In the order of their coming. */
  registrations: Registration[];
  /** The one of a type, e.g. `network:LoadBalancer`, and, if there are several, of a name. */
  find(type: string, name?: string): Registration;
  /** Logical names with their types, sorted. */
  names(): string[];
}

export const SUBSCRIPTION = "00000000-0000-0000-0000-00000000000a";
export const SECRET_SEED = Buffer.alloc(32, 7).toString("base64");

const AZURE: Record<string, { type: string; names: string[] }> = {
  "azure-native:resources:ResourceGroup": { type: "", names: ["resourceGroupName"] },
  "azure-native:network:VirtualNetwork": {
    type: "Microsoft.Network/virtualNetworks",
    names: ["virtualNetworkName"],
  },
  "azure-native:network:Subnet": {
    type: "Microsoft.Network/virtualNetworks/subnets",
    names: ["virtualNetworkName", "subnetName"],
  },
  "azure-native:network:NetworkSecurityGroup": {
    type: "Microsoft.Network/networkSecurityGroups",
    names: ["networkSecurityGroupName"],
  },
  "azure-native:network:PublicIPAddress": {
    type: "Microsoft.Network/publicIPAddresses",
    names: ["publicIpAddressName"],
  },
  "azure-native:network:NatGateway": {
    type: "Microsoft.Network/natGateways",
    names: ["natGatewayName"],
  },
  "azure-native:network:LoadBalancer": {
    type: "Microsoft.Network/loadBalancers",
    names: ["loadBalancerName"],
  },
  "azure-native:network:NetworkInterface": {
    type: "Microsoft.Network/networkInterfaces",
    names: ["networkInterfaceName"],
  },
  "azure-native:compute:VirtualMachine": {
    type: "Microsoft.Compute/virtualMachines",
    names: ["vmName"],
  },
  "azure-native:compute:VirtualMachineScaleSet": {
    type: "Microsoft.Compute/virtualMachineScaleSets",
    names: ["vmScaleSetName"],
  },
  "azure-native:monitor:AutoscaleSetting": {
    type: "Microsoft.Insights/autoscaleSettings",
    names: ["autoscaleSettingName"],
  },
};

/**
 * Puts the mock engine in place of the real one. With `preview`, ids and what Azure makes up are
 * unknown, as in a first preview. Anything unexpected throws: an invoke, a type, a missing name.
 */
export function startMocks(preview: boolean, stack = "test"): MockEngine {
  const registrations: Registration[] = [];
  const mocks: pulumi.runtime.Mocks = {
    newResource({ type, name, inputs, custom, id }) {
      if (custom === false) return { id: "", state: inputs };
      if (id !== undefined && id !== "") {
        // A read of what is there already: it is not registered.
        return { id, state: { ipAddress: "203.0.113.250" } };
      }
      registrations.push({ type, name, inputs });
      if (type === "random:index/randomBytes:RandomBytes") {
        return {
          id: "seed",
          state: preview ? inputs : { ...inputs, base64: SECRET_SEED, hex: "" },
        };
      }
      const azure = AZURE[type];
      assert.ok(azure, `unexpected resource type ${type}`);
      const names = azure.names.map((field) => inputs[field]);
      assert.ok(
        names.every((part) => typeof part === "string" && part !== "") || preview,
        `${type} ${name} has no explicit name`,
      );
      if (preview) return { id: undefined, state: { ...inputs, name: names.at(-1) } };
      return {
        id: idOf(azure.type, names as string[], inputs),
        state: stateOf(type, name, inputs),
      };
    },
    call({ token }) {
      throw new Error(`unexpected invoke of ${token}`);
    },
  };
  void pulumi.runtime.setMocks(mocks, "azure-gwlb", stack, preview);
  return {
    registrations,
    names: () => registrations.map(({ type, name }) => `${type} ${name}`).sort(),
    find(type, name) {
      const found = registrations.filter(
        (r) => r.type === `azure-native:${type}` && (name === undefined || r.name === name),
      );
      assert.equal(found.length, 1, `${found.length} of ${type} ${name ?? ""}`);
      return found[0] as Registration;
    },
  };
}

/** Waits until all that was declared is registered, its outputs included. */
export async function settle(...resources: pulumi.Resource[]): Promise<void> {
  await Promise.all(resources.map((resource) => resolved(resource.urn)));
  // The SDK waits like this at the end of a program; it exports it for itself only.
  const { waitForRPCs } = require("@pulumi/pulumi/runtime/settings") as {
    waitForRPCs(): Promise<void>;
  };
  await waitForRPCs();
}

/** The parts of an Output inside the SDK; all parts fail together. */
interface Inside<T> {
  promise(): Promise<T>;
  isKnown: Promise<boolean>;
  isSecret: Promise<boolean>;
  allResources(): Promise<unknown>;
}

/** The value of an Output, undefined if it is unknown. */
export async function resolved<T>(output: pulumi.Output<T>): Promise<T | undefined> {
  const inside = output as unknown as Inside<T>;
  const { promise, isKnown, isSecret } = inside;
  const parts = [promise.call(inside), isKnown, isSecret, inside.allResources()] as const;
  await Promise.allSettled(parts);
  const [value, known] = await Promise.all(parts);
  return known ? value : undefined;
}

function idOf(type: string, names: string[], inputs: Record<string, unknown>): string {
  const group = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${inputs.resourceGroupName}`;
  const [provider, ...kinds] = type.split("/");
  if (provider === "") return group;
  return [group, "providers", provider, ...kinds.flatMap((kind, i) => [kind, names[i]])].join("/");
}

function stateOf(type: string, name: string, inputs: Record<string, unknown>) {
  const azureName = AZURE[type]?.names.map((field) => inputs[field]).at(-1);
  const made: Record<string, unknown> = { name: azureName };
  if (type.endsWith(":PublicIPAddress")) made.ipAddress = `203.0.113.${(name.length % 200) + 1}`;
  if (type.endsWith(":NetworkInterface")) {
    const [first, ...rest] = inputs.ipConfigurations as Record<string, unknown>[];
    made.ipConfigurations = [{ privateIPAddress: "10.20.0.4", ...first }, ...rest];
  }
  return { ...inputs, ...made };
}
