/** Requests about machines and scale sets besides reading and writing them. */
import { MACHINE_ACTIONS, type MachineAction, machineStateOf } from "../../compute/machineState";
import { instancesOf, isLatest, recordOf } from "../../compute/scaleSets/instances";
import { upgrade } from "../../compute/scaleSets/operations";
import { cancelUpgrade } from "../../compute/scaleSets/upgrades";
import { refuse } from "../errors";
import { isUnder, keyOf, parseId, typeOf } from "../ids";
import { asTexts, type Body, childrenOf, type StoredResource } from "../resource";
import { refusalsOf } from "../rules";
import { docs, quoted } from "../sources";
import { membersOf } from "../types/loadBalancerPools";
import { page } from "./lists";
import { finished } from "./operations";
import { type Answer, ok, type RestRequest } from "./request";
import { runCommand } from "./runCommand";

const refusals = refusalsOf("The HTTP API", {
  unknown: {
    code: "NotFound",
    says: "An action is one that the type has.",
    http: 404,
    assumed: "The lab carries some of each type's actions; the code is that of a missing part.",
  },
  notRunning: {
    code: "OperationNotAllowed",
    says: "Commands run in a machine that runs.",
    http: 409,
    documented: docs.machineErrors,
  },
  instance: {
    code: "InvalidParameter",
    says: "Instances that an action names are of the scale set.",
    reported: quoted("is+not+an+active+Virtual+Machine+Scale+Set+VM+instanceId"),
  },
});

const VM = "microsoft.compute/virtualmachines";
const LOAD_BALANCER = "microsoft.network/loadbalancers";
const SCALE_SET = "microsoft.compute/virtualmachinescalesets";

/** Answers a POST, or a GET of a view; undefined for everything else. */
export async function actOn(request: RestRequest): Promise<Answer | undefined> {
  const { method, segments, arm } = request;
  const target = `/${segments.slice(0, -1).join("/")}`;
  const wanted = segments.at(-1) ?? "";
  const id = parseId(target);
  const type = id === undefined ? "" : keyOf(typeOf(id));
  if (method === "GET") return viewOf(request, target, type, keyOf(wanted));
  if (method !== "POST") return undefined;
  if (type === VM) {
    await arm.need(target);
    return onMachine(request, target, wanted);
  }
  if (type === SCALE_SET) {
    const set = await arm.need(target);
    return onScaleSet(request, set as StoredResource, wanted);
  }
  const [, set] = /^(.*)\/rollingupgrades$/i.exec(target) ?? [];
  if (set !== undefined && keyOf(wanted) === "cancel") {
    const found = (await arm.need(set)) as StoredResource;
    arm.mayAct(found.id, "rollingUpgrades/cancel");
    await arm.act((service) => cancelUpgrade(found, service));
    return finished(request, set);
  }
  throw unknown(wanted, type);
}

const unknown = (action: string, type: string) =>
  refuse(
    refusals.unknown,
    `The embedded Azure does not know the action '${action}' of ${type || "this path"}.`,
  );

/** Views that are not parts of what is stored. */
async function viewOf(
  request: RestRequest,
  target: string,
  type: string,
  wanted: string,
): Promise<Answer | undefined> {
  const { arm } = request;
  if (/\/rollingupgrades\/latest$/i.test(request.path)) return ok(await arm.need(request.path));
  if (wanted === "networkinterfaces" && type === LOAD_BALANCER) {
    const pools = childrenOf(await arm.need(target), "backendAddressPools");
    const members = arm.look((world) => pools.flatMap(({ id }) => membersOf(id, world)));
    const nics = await arm.list("Microsoft.Network/networkInterfaces");
    const isMember = (nic: string) => members.some((member) => isUnder(member, nic));
    return page(
      request,
      nics.filter(({ id }) => isMember(id)),
    );
  }
  if (wanted === "instanceview" && (type === VM || type === SCALE_SET)) {
    const { properties } = await arm.need(target, { expand: "instanceView" });
    return ok(properties.instanceView);
  }
  if (wanted === "virtualmachines" && type === SCALE_SET) {
    const set = (await arm.need(target)) as StoredResource;
    const instances = arm.look((world) =>
      instancesOf(set.id, world).map((vm) => ({
        vm,
        latestModelApplied: isLatest(world.get(set.id) ?? set, vm),
        protectionPolicy: recordOf(vm)?.protection,
      })),
    );
    const rows = instances.map(async ({ vm, ...more }) =>
      instanceOf(set, (await arm.need(vm.id)) as StoredResource, more),
    );
    return page(request, await Promise.all(rows));
  }
  return undefined;
}

/** An instance as a scale set's own list shows it. */
function instanceOf(set: StoredResource, vm: StoredResource, more: Body): Body {
  return {
    ...vm,
    id: `${set.id}/virtualMachines/${vm.name}`,
    type: "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
    instanceId: vm.name,
    sku: { name: set.sku?.name, tier: set.sku?.tier },
    properties: { ...vm.properties, ...more },
  };
}

async function onMachine(request: RestRequest, target: string, wanted: string): Promise<Answer> {
  const { arm, query } = request;
  if (keyOf(wanted) === "runcommand") {
    arm.mayAct(target, "runCommand");
    const vm = (await arm.need(target)) as StoredResource;
    const stored = arm.look((world) => world.get(vm.id)) ?? vm;
    if (machineStateOf(stored).power !== "running") {
      throw refuse(
        refusals.notRunning,
        "Cannot modify extensions in the VM when the VM is not running.",
      );
    }
    return runCommand(request, vm);
  }
  const action = actionNamed(wanted, VM);
  const skipShutdown = query.get("skipShutdown")?.toLowerCase() === "true";
  await arm.action(target, action, { skipShutdown });
  return finished(request, target);
}

function actionNamed(wanted: string, type: string): MachineAction {
  const action = MACHINE_ACTIONS.find((known) => keyOf(known) === keyOf(wanted));
  if (action === undefined) throw unknown(wanted, type);
  return action;
}

/** An operation on instances: those that the body names, else all. */
async function onScaleSet(
  request: RestRequest,
  set: StoredResource,
  wanted: string,
): Promise<Answer> {
  const { arm, body, query } = request;
  const action = keyOf(wanted);
  const named = asTexts(body?.instanceIds).filter((name) => name !== "*");
  const all = arm.look((world) => instancesOf(set.id, world));
  const chosen = all.filter(
    (vm) => named.length === 0 || named.some((name) => keyOf(name) === keyOf(vm.name)),
  );
  const missing = named.find((name) => !all.some((vm) => keyOf(vm.name) === keyOf(name)));
  if (missing !== undefined) {
    throw refuse(
      refusals.instance,
      `The provided instanceId ${missing} is not an active Virtual Machine Scale Set VM instanceId.`,
      "instanceIds",
    );
  }
  if (action === "osrollingupgrade" || action === "manualupgrade") {
    arm.mayAct(set.id, wanted);
    const names = action === "manualupgrade" ? chosen.map(({ id }) => id) : [];
    await arm.act((service) => upgrade(set.id, names, service));
    return finished(request, set.id);
  }
  if (action === "delete") {
    arm.mayAct(set.id, "delete");
    for (const { id } of chosen) await arm.delete(id);
    return finished(request, set.id);
  }
  const operation = actionNamed(wanted, SCALE_SET);
  const skipShutdown = query.get("skipShutdown")?.toLowerCase() === "true";
  for (const { id } of chosen) await arm.action(id, operation, { skipShutdown });
  return finished(request, set.id);
}
