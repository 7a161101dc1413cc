/** Faults that the lab gives to a machine: kept with its VM, in no answer of the API. Pure. */
import { asBodies, type StoredResource } from "./resource";

/** Kinds of faults; each ends by itself, by `mend`, and with the lab. */
export const FAULT_KINDS = ["power", "hang", "nic", "disk", "memory"] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  kind: FaultKind;
  /** When it ends by itself, ISO 8601. */
  until: string;
}

export const faultsOf = (vm: StoredResource): Fault[] =>
  asBodies(vm.properties.faults) as unknown as Fault[];

/** The faults with one more; one of the same kind is replaced. */
export const withFault = (faults: readonly Fault[], fault: Fault): Fault[] => [
  ...faults.filter(({ kind }) => kind !== fault.kind),
  fault,
];
