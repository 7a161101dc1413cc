import { readFileSync } from "node:fs";
import type { LabPaths } from "../paths";
import { supervisorOf } from "./lifecycle";
import type { LabStatus } from "./status";

/** The fabric's own words, while it runs; undefined when the lab is down or says nothing yet. */
export function readStatus(lab: LabPaths): LabStatus | undefined {
  if (supervisorOf(lab) === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(lab.status, "utf8")) as LabStatus;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
