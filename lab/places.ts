/** How a command gets into a place of the lab: the internet host, or a VM. Pure. */
import type { Argv } from "./run";

/** The part of `.lab/run/status.json` that this module needs. */
export interface PlaceMap {
  /** The box's init, as this machine's process table knows it. */
  boxPid: number;
  places: readonly Place[];
}

export interface Place {
  name: string;
  kind: "internet" | "vm";
  /** Network namespace, named inside the box. */
  netns: string;
  power: "running" | "starting" | "stopped" | "deallocated";
  /** The machine's init in the box's process table; only VMs have one, and only while they run. */
  pid?: number;
}

/**
 * The command, run in a place: with a VM's own files, processes and network; on the internet
 * host with this machine's files. Throws an error that names the places there are.
 */
export function inPlace(status: PlaceMap, name: string, argv: Argv): Argv {
  const place = find(status, name);
  if (place.kind === "internet") return inNetwork(status, name, argv);
  if (place.pid === undefined) {
    throw new Error(`${place.name} is ${place.power}: start it, or wait until it runs`);
  }
  return [...inBox(status), "nsenter", "-t", String(place.pid), "-a", "--", ...argv];
}

/**
 * The command, run with this machine's files and programs in the network of a place: what the
 * VM's image lacks (tcpdump) can look at its devices all the same.
 */
export function inNetwork(status: PlaceMap, name: string, argv: Argv): Argv {
  return [...inBox(status), "ip", "netns", "exec", find(status, name).netns, ...argv];
}

/** Mounts, network and processes of the box; its process table is what VM pids belong to. */
function inBox(status: PlaceMap): Argv {
  return ["nsenter", "-t", String(status.boxPid), "-m", "-n", "-p", "--"];
}

function find(status: PlaceMap, name: string): Place {
  const place = status.places.find((candidate) => candidate.name === name);
  if (place !== undefined) return place;
  const known = status.places.map((candidate) => candidate.name).sort();
  throw new Error(`no place "${name}"; there are: ${known.join(", ") || "none"}`);
}
