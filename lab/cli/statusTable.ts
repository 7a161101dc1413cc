/** The state of a lab as text for people. Pure. */
import Table from "cli-table3";
import type { LabStatus } from "../fabric/status";

/** Tables of all that the lab holds; parts that are empty are left out. */
export function statusText(status: LabStatus): string {
  const short = (id: string | undefined) => id?.split("/").at(-1) ?? "-";
  const parts = [
    table(
      ["place", "state", "addresses"],
      status.places.map((place) => [place.name, place.power, place.addresses.join(" ")]),
    ),
    table(
      ["public address", "held by", "VMs", "through"],
      status.publicAddresses.map((entry) => [
        entry.address,
        `${short(entry.owner)} (${entry.via})`,
        entry.vms.join(" ") || "-",
        entry.chainedTo === undefined ? "-" : gatewayOf(entry.chainedTo),
      ]),
    ),
    table(
      ["gateway", "NVA", "probe"],
      status.gateways.flatMap(({ id, frontendAddress, nvas }) =>
        nvas.map((nva) => [
          `${short(id)} ${frontendAddress}`,
          `${nva.vm} ${nva.address}`,
          health(nva),
        ]),
      ),
    ),
    table(
      ["load balancer", "member", "probe"],
      status.backends.flatMap(({ loadBalancer, members }) =>
        members.map((member) => [
          short(loadBalancer),
          `${member.vm} ${member.address}`,
          health(member),
        ]),
      ),
    ),
    ...status.problems.map((problem) => `problem: ${problem}`),
    `The lab is ${status.phase}.`,
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function table(head: string[], rows: string[][]): string {
  if (rows.length === 0) return "";
  const drawn = new Table({ head, style: { head: [], border: [], compact: true } });
  drawn.push(...rows);
  return drawn.toString();
}

function health({ healthy, reason }: { healthy: boolean; reason: string }): string {
  return healthy ? "healthy" : `not healthy: ${reason}`;
}

/** `…/loadBalancers/NAME/frontendIPConfigurations/FRONTEND` → `NAME`. */
function gatewayOf(frontendId: string): string {
  return /\/loadBalancers\/([^/]+)/i.exec(frontendId)?.[1] ?? frontendId;
}
