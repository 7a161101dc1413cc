/** Deployments as they are remembered: in a file that outlives the process. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ArmError } from "../../errors";
import { keyOf, sameId } from "../../ids";
import type { Body } from "../../resource";
import { broken, type Deployment } from "./carryOut";

/** A deployment as answers show it; nothing of it is secret. */
export interface KeptDeployment {
  id: string;
  name: string;
  startedAt: number;
  state: Deployment["state"];
  /** The body of a GET. */
  body: Body;
  operations: Body[];
  /** The body of an error; failed ones only. */
  error?: Body;
}

/** Azure keeps as many of a group. */
const MOST = 800;

/** The deployments of one endpoint. */
export class Deployments {
  readonly #file: string;
  readonly #kept = new Map<string, KeptDeployment>();
  /** Those that this process carries out. */
  readonly #running = new Map<string, () => KeptDeployment>();

  /** Reads what an earlier process kept in the folder; what it did not end has failed. */
  constructor(folder: string) {
    this.#file = path.join(folder, "deployments.json");
    for (const kept of read(this.#file)) {
      const ended = kept.state === "Succeeded" || kept.state === "Failed";
      this.#kept.set(keyOf(kept.id), ended ? kept : interrupted(kept));
    }
  }

  get(id: string): KeptDeployment | undefined {
    return this.#running.get(keyOf(id))?.() ?? this.#kept.get(keyOf(id));
  }

  /** Those whose ids are this one and a name. */
  under(collection: string): KeptDeployment[] {
    return [...this.#kept.values()]
      .filter(({ id }) => sameId(id.replace(/\/[^/]+$/, ""), collection))
      .map((kept) => this.get(kept.id) ?? kept);
  }

  /** Remembers one that begins; `work` is over when it has ended. */
  begin(id: string, shown: () => KeptDeployment, work: Promise<unknown>): void {
    const key = keyOf(id);
    this.#kept.delete(key);
    this.#kept.set(key, shown());
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST && oldest !== undefined) this.#kept.delete(oldest);
    this.#running.set(key, shown);
    this.#write();
    void work.finally(() => {
      if (this.#running.get(key) !== shown) return;
      this.#running.delete(key);
      if (this.#kept.has(key)) this.#kept.set(key, shown());
      this.#write();
    });
  }

  delete(id: string): void {
    this.#running.delete(keyOf(id));
    this.#kept.delete(keyOf(id));
    this.#write();
  }

  #write(): void {
    const aside = `${this.#file}.${process.pid}`;
    writeFileSync(aside, JSON.stringify([...this.#kept.values()]), { mode: 0o600 });
    renameSync(aside, this.#file);
  }
}

function read(file: string): KeptDeployment[] {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as KeptDeployment[];
  } catch {
    // Nothing was deployed yet.
    return [];
  }
}

function interrupted(kept: KeptDeployment): KeptDeployment {
  const error = broken("The endpoint's process ended before the deployment did.").toJSON();
  const properties = { ...(kept.body.properties as Body), provisioningState: "Failed", ...error };
  return { ...kept, state: "Failed", error, body: { ...kept.body, properties } };
}

/** The body of a deployment's refusal. */
export const errorOf = (error: unknown): Body | undefined =>
  error instanceof ArmError ? error.toJSON() : undefined;
