/** A fixture as the planners see it, all machines on and all members healthy unless told otherwise. */

import { readModel } from "../../lab/network/read";
import { machineNamespace } from "../../lab/network/topology/names";
import { probeKey, type Verdict, View } from "../../lab/network/view";
import { probedMembers } from "../../lab/platform/platformPlan";
import type { AzureFixture } from "./azureFixtures";

export interface ViewOptions {
  /** Names of VMs that are off. */
  off?: string[];
  /** Names of VMs that no probe finds healthy. */
  sick?: string[];
}

export function viewOf(fixture: AzureFixture, { off = [], sick = [] }: ViewOptions = {}): View {
  const model = readModel(fixture.snapshot());
  const on = model.vms.filter((vm) => !off.includes(vm.name));
  const running = new Map(on.map((vm) => [vm.id, { netns: machineNamespace(vm.id, vm.name, 1) }]));
  const probed = probedMembers(new View(model, { running, verdicts: new Map() }));
  const verdicts = new Map(
    probed.map(({ probe, member }): [string, Verdict] => {
      const healthy = !sick.includes(member.vm?.name ?? "");
      const reason = healthy ? "HTTP 200" : "HTTP 503";
      return [probeKey(probe.id, member.configuration.id), { healthy, reason, since: "" }];
    }),
  );
  return new View(model, { running, verdicts });
}
