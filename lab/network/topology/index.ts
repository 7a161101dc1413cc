/** The whole network that packets see, from one view of the store. Pure. */
import type { View } from "../view";
import { planEdge, planInternet } from "./edge";
import { planGateway } from "./gateway";
import type { Topology } from "./plan";
import { planMachines, planVnet } from "./vnet";

/** Everything that must stand for packets to see what the view shows. */
export function planTopology(view: View): Topology {
  const edge = planEdge(view);
  const gateways = view.gateways.map((gateway) => planGateway(view, gateway));
  const machines = planMachines(view);
  return {
    namespaces: [
      planInternet(),
      edge.namespace,
      ...view.model.vnets.map((vnet) => planVnet(view, vnet)),
      ...gateways.map((gateway) => gateway.namespace),
      ...machines.namespaces,
    ],
    links: [...edge.links, ...gateways.flatMap((gateway) => gateway.links), ...machines.links],
  };
}
