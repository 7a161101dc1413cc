/** Power of a virtual machine, and what was asked of it: kept in the store, in no answer. Pure. */
import { type ArmError, refuse } from "../arm/errors";
import { asBody, asNumber, asText, type Body, type StoredResource } from "../arm/resource";
import { behavesSo, refusalsOf } from "../arm/rules";
import { docs } from "../arm/sources";
import { isTerminating } from "./scheduledEvents";

behavesSo(
  "Microsoft.Compute/virtualMachines",
  {
    says: "A guest has 60 seconds for an orderly shutdown.",
    assumed: "The service's limit is not documented.",
  },
  {
    says: "A machine that crashes is started again after a second.",
    assumed: "The service heals it, and nothing says how fast.",
  },
  {
    says: "A machine that powers itself off stays on its host until it is started.",
    documented: docs.machineErrors,
  },
);

const NOT_ALLOWED = { code: "OperationNotAllowed", http: 409 } as const;

const refusals = refusalsOf("Microsoft.Compute/virtualMachines", {
  "marked for deletion": {
    ...NOT_ALLOWED,
    says: "A machine that is marked for deletion takes no write and no operation.",
    documented: docs.machineErrors,
  },
  deallocated: {
    ...NOT_ALLOWED,
    says: "A deallocated machine is started; it is not powered off, restarted, redeployed, reimaged.",
    documented: docs.machineErrors,
  },
  stopped: {
    ...NOT_ALLOWED,
    says: "A stopped machine is not restarted or redeployed.",
    assumed: "Neither is documented: the stricter reading.",
  },
});

/** The state that a VM's machine should have, for the module that runs machines. */
export interface MachineState {
  /** `stopped` keeps its host, `deallocated` gives it back; neither runs. */
  power: "running" | "stopped" | "deallocated";
  /** One more asks for an orderly restart. */
  run: number;
  /** One more asks for an orderly shutdown and a first boot from a new disk. */
  disk: number;
  /** The last power off was without a shutdown. */
  skipShutdown?: true;
}

/** Azure's operations on a virtual machine. */
export const MACHINE_ACTIONS = [
  "powerOff",
  "start",
  "restart",
  "reimage",
  "redeploy",
  "deallocate",
] as const;
export type MachineAction = (typeof MACHINE_ACTIONS)[number];

export interface ActionOptions {
  /** `powerOff` only: takes the power away instead of asking the guest; default false. */
  skipShutdown?: boolean;
}

/** The state that the store holds; a VM that nothing was asked of runs for the first time. */
export function machineStateOf(vm: StoredResource): MachineState {
  const state = asBody(vm.properties.machineState) ?? {};
  const power = asText(state.power);
  return {
    power: power === "stopped" || power === "deallocated" ? power : "running",
    run: asNumber(state.run) ?? 0,
    disk: asNumber(state.disk) ?? 0,
    ...(state.skipShutdown === true ? { skipShutdown: true } : {}),
  };
}

/** Azure's view of a VM from outside the guest. */
export function instanceViewOf(vm: StoredResource): Body {
  const { power } = machineStateOf(vm);
  const health = healthOf(vm);
  const os = asBody(vm.properties.osProfile);
  const disk = asBody(asBody(vm.properties.storageProfile)?.osDisk);
  return {
    ...(power === "running" ? guestView(vm, asText(os?.computerName)) : {}),
    hyperVGeneration: "V2",
    disks: [{ name: asText(disk?.name), statuses: [provisioned(vm)] }],
    statuses: [
      provisioned(vm),
      { code: `PowerState/${power}`, level: "Info", displayStatus: `VM ${power}` },
    ],
    ...(health === undefined
      ? {}
      : {
          vmHealth: {
            status: {
              code: `HealthState/${health.state.toLowerCase()}`,
              level: health.state === "Healthy" ? "Info" : "Warning",
              displayStatus: health.reason,
              time: health.since,
            },
          },
        }),
  };
}

const provisioned = (vm: StoredResource) => ({
  code: "ProvisioningState/succeeded",
  level: "Info",
  displayStatus: "Provisioning succeeded",
  time: asText(vm.properties.timeCreated),
});

/** The agent's view of the guest while it runs. */
function guestView(vm: StoredResource, computerName: string | undefined): Body {
  const image = asBody(asBody(vm.properties.storageProfile)?.imageReference);
  return {
    computerName,
    osName: /debian/i.test(String(image?.offer)) ? "debian" : "ubuntu",
    osVersion: /^\d+\.\d+/.exec(String(image?.exactVersion))?.[0],
    vmAgent: {
      vmAgentVersion: "2.11.1.4",
      statuses: [
        {
          code: "ProvisioningState/succeeded",
          level: "Info",
          displayStatus: "Ready",
          message: "Guest Agent is running",
          time: asText(vm.properties.timeCreated),
        },
      ],
      extensionHandlers: [],
    },
  };
}

/** The last verdict of the health extension in a scale set's instance. */
function healthOf(vm: StoredResource) {
  const health = asBody(asBody(vm.properties.scaleSetInstance)?.health);
  if (health === undefined) return undefined;
  const [state = "", reason, since] = [health.state, health.reason, health.since].map(asText);
  return { state, reason, since };
}

/** Operations that need the VM on a host, and those that need it to run. */
const NEEDS_HOST: readonly MachineAction[] = ["powerOff", "restart", "reimage", "redeploy"];
const NEEDS_POWER: readonly MachineAction[] = ["restart", "redeploy"];

/** The state after an operation; throws Azure's 409 `OperationNotAllowed`. */
export function stateAfter(
  vm: StoredResource,
  action: MachineAction,
  options: ActionOptions = {},
): MachineState {
  const { power, run, disk } = machineStateOf(vm);
  if (isTerminating(vm)) throw notAllowed(vm, action, "marked for deletion");
  if (power === "deallocated" && NEEDS_HOST.includes(action)) {
    throw notAllowed(vm, action, "deallocated");
  }
  if (power === "stopped" && NEEDS_POWER.includes(action)) {
    throw notAllowed(vm, action, "stopped");
  }
  switch (action) {
    case "powerOff":
      return {
        ...{ power: "stopped", run, disk },
        ...(options.skipShutdown === true ? { skipShutdown: true } : {}),
      };
    case "deallocate":
      return { power: "deallocated", run, disk };
    case "start":
      return { power: "running", run: power === "running" ? run : run + 1, disk };
    case "restart":
    case "redeploy":
      return { power: "running", run: run + 1, disk };
    case "reimage":
      return { power: "running", run: run + 1, disk: disk + 1 };
    default:
      return action satisfies never;
  }
}

/** The refusal of an operation; also that of a write to a VM that is about to go. */
export function notAllowed(
  vm: StoredResource,
  operation: string,
  state: keyof typeof refusals,
): ArmError {
  return refuse(
    refusals[state],
    `Operation '${operation}' is not allowed on VM '${vm.name}' since the VM is ${state}.`,
  );
}
