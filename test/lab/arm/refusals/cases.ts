/** Wrong requests as rows: each changes one value of a body that Azure takes. */
import type { Body } from "../../../../lab/arm/resource";
import { changed } from "../fixture";

/** A request that is refused. */
export interface Case {
  name: string;
  id: string;
  body: Body;
  code: string;
  /** Checked if it is given. */
  target?: string;
}

/** Where, what is written there, Azure's code, and the property that Azure names. */
export type Row = [where: string, value: unknown, code: string, target?: string];

/** Rows for one resource. */
export function refused(id: string, good: () => Body, rows: Row[]): Case[] {
  return rows.map(([where, value, code, target]) => ({
    name: `${id.split("/").slice(-2).join("/")} with ${where} = ${short(value)}`,
    id,
    body: where === "" ? (value as Body) : changed(good(), where, value),
    code,
    target,
  }));
}

const short = (value: unknown) => (JSON.stringify(value) ?? "nothing").slice(0, 50);

/** Codes that do not come with status 400. */
export const STATUS: Record<string, number> = {
  AddingOrDeletingNetworkInterfacesOnARunningVirtualMachineNotSupported: 409,
  InvalidResourceGroupLocation: 409,
  InvalidResourceLocation: 409,
  InvalidResourceType: 404,
  NotFound: 404,
  OperationNotAllowed: 409,
  ParentResourceNotFound: 404,
  PlatformImageNotFound: 404,
  PrimaryIpConfigurationCannotBeChangedWhileAttached: 409,
  PropertyChangeNotAllowed: 409,
  ResourceGroupNotFound: 404,
};
