/** A question and its answer: everything that the report is made from. */
import type { Undo } from "../../lab/undo";
import type { Samples } from "./rounds";

/** A question that `npm run bench` answers; each has a folder or file of its own. */
export interface Question {
  /** Its word on the command line, and the name of its file of results. */
  name: string;
  /** One line for the list of questions. */
  about: string;
  /** True if it works only in namespaces of its own: then it gets them, as root on Linux. */
  boxed: boolean;
  /** True if it is answered only when it is named; default false. */
  onRequest?: boolean;
  ask: (context: Context) => Promise<Findings>;
  /** The Markdown of all that its results say. Pure. */
  show: (results: Results) => string;
  /** The few lines of it that README shows. Pure. */
  summarize?: (results: Results) => string;
  /** The SVG that the report shows, where there is one. Pure. */
  draw?: (results: Results) => string;
}

export interface Context {
  /** Turns that every contender takes; undefined leaves it to the question. */
  rounds?: number;
  /** Contenders to keep; undefined keeps all. */
  only?: readonly string[];
  /** Processor that everything measured runs on. */
  cpu: number;
  undo: Undo;
  /** Says what is being done. */
  note: (text: string) => void;
}

export interface Findings {
  /** Names of the contenders for people, by key, in the order of the table. */
  titles: Readonly<Record<string, string>>;
  samples: Samples;
  /** Looks repeated because the machine was busy, and looks that stayed disturbed. */
  repeated?: number;
  disturbed?: number;
  /** Facts of this run that are no samples. */
  facts?: Readonly<Record<string, number | string>>;
}

/** As kept in a file. */
export interface Results extends Findings {
  question: string;
  /** ISO 8601, UTC. */
  started: string;
  seconds: number;
  machine: Machine;
}

export interface Machine {
  processor: string;
  processors: number;
  memoryGiB: number;
  kernel: string;
  distribution: string;
  node: string;
  /** Kind of virtual machine or container; `none` on bare metal. */
  virtualization: string;
  /** The commit measured; with `+` if files were changed since. */
  commit: string;
}
