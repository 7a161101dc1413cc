/** The state of a lab as text for people. Pure. */
import Table from "cli-table3";
import type { LabStatus, PlaceStatus } from "../supervisor/status";

type Wait = NonNullable<NonNullable<LabStatus["scaleSets"][number]["upgrade"]>["waiting"]>;
type Instance = LabStatus["scaleSets"][number]["instances"][number];

/** Tables of all that the lab holds; parts that are empty are left out. */
export function statusText(status: LabStatus, now = Date.now()): string {
  const parts = [
    table(
      ["place", "state", "addresses"],
      status.places.map((place) => [place.name, stateOf(place), place.addresses.join(" ")]),
    ),
    table(
      ["public address", "held by", "VMs", "through"],
      status.publicAddresses.map((entry) => [
        entry.address,
        `${nameOf(entry.owner)} (${entry.via})`,
        entry.vms.join(" ") || "-",
        entry.chainedTo === undefined ? "-" : nameOf(entry.chainedTo),
      ]),
    ),
    table(
      ["gateway", "NVA", "probe"],
      status.gateways.flatMap(({ id, frontendAddress, nvas }) =>
        nvas.map((nva) => [
          `${nameOf(id)} ${frontendAddress}`,
          `${nva.vm} ${nva.address}`,
          health(nva),
        ]),
      ),
    ),
    table(
      ["load balancer", "member", "probe"],
      status.backends.flatMap(({ loadBalancer, members }) =>
        members.map((member) => [
          nameOf(loadBalancer),
          `${member.vm} ${member.address}`,
          health(member),
        ]),
      ),
    ),
    table(
      ["scale set", "instance", "model", "health"],
      status.scaleSets.flatMap(({ name, instances }) =>
        instances.map((instance) => [
          name,
          instance.vm,
          instance.latestModel ? "latest" : "older",
          instanceHealth(instance),
        ]),
      ),
    ),
    ...status.scaleSets.flatMap((set) => scaleSetLines(set, now)),
    ...status.problems.map((problem) => `problem: ${problem}`),
    `The lab is ${status.phase}.`,
  ];
  return parts.filter((part) => part !== "").join("\n");
}

/** A resource that the lab keeps, and of which no packet knows. */
export interface Declared {
  id: string;
  name: string;
  type: string;
}

/** Their table. */
export const declaredText = (declared: readonly Declared[]): string =>
  table(
    ["declared, not simulated", "type"],
    declared.map(({ name, type }) => [name, type]),
  );

function table(head: string[], rows: string[][]): string {
  if (rows.length === 0) return "";
  const drawn = new Table({ head, style: { head: [], border: [], compact: true } });
  drawn.push(...rows);
  return drawn.toString();
}

/** Power state of a place, and the faults that `lab break` has brought. */
function stateOf({ power, faults = [] }: PlaceStatus): string {
  return faults.length === 0 ? power : `${power}, broken: ${faults.join(" ")}`;
}

function health({ healthy, reason }: { healthy: boolean; reason: string }): string {
  return healthy ? "healthy" : `not healthy: ${reason}`;
}

function instanceHealth({ health, reason, leaving }: Instance): string {
  const words = health === undefined ? "-" : health === "Healthy" ? health : `${health}: ${reason}`;
  return leaving === undefined ? words : `${words} (being ${leaving})`;
}

function scaleSetLines(set: LabStatus["scaleSets"][number], now: number): string[] {
  const { name, capacity, instances, upgrade, repairsSuspended } = set;
  const short =
    instances.length === capacity ? [] : [`${instances.length} of ${capacity} instances`];
  const counts = (u: NonNullable<typeof upgrade>) =>
    `${u.upgraded} upgraded, ${u.failed} failed, ${u.pending} pending`;
  const why = upgrade?.error === undefined ? "" : `: ${upgrade.error}`;
  return [
    ...short,
    ...(upgrade === undefined ? [] : [`upgrade ${upgrade.status}, ${counts(upgrade)}${why}`]),
    ...(upgrade?.waiting === undefined ? [] : [waitText(upgrade.waiting, now)]),
    ...(repairsSuspended === true ? ["automatic repairs are suspended"] : []),
  ].map((line) => `${name}: ${line}`);
}

/** The thing that an upgrade waits for, of which instances, and how long at most. */
function waitText({ what, vms, until }: Wait, now: number): string {
  const left = `${Math.max(0, Math.ceil((Date.parse(until) - now) / 1000))} s`;
  if (what === "pause") return `pause between two batches, ${left} left`;
  return `waiting for ${vms.join(" ")}: ${what}, ${left} left`;
}

/** Name of the resource that an id belongs to, which may be that of a part of it. */
function nameOf(id: string): string {
  return /\/providers\/[^/]+\/[^/]+\/([^/]+)/i.exec(id)?.[1] ?? id;
}
