/** Resources that a lab keeps and nothing more, for `lab status`. */
import { existsSync } from "node:fs";
import { Store } from "../arm/store";
import { isSimulated } from "../arm/types";
import type { LabPaths } from "../paths";
import type { Declared } from "./statusTable";

/** All of them; none where the lab has no store. */
export function declaredOf(lab: LabPaths): Declared[] {
  if (!existsSync(lab.azure)) return [];
  const { resources } = Store.open(lab.azure).snapshot();
  return [...resources.values()]
    .filter(({ type }) => !isSimulated(type))
    .map(({ id, name, type }) => ({ id, name, type }));
}
