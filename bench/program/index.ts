/** Cost of the components for the engine, against the plainest program of the same resources. */

import type { Undo } from "../../lab/undo";
import {
  byRound,
  type Column,
  figureOf,
  figureTable,
  format,
  markdownTable,
  ratio,
} from "../harness/figures";
import type { Context, Findings, Question } from "../harness/question";
import { type Samples, type Turn, takeRounds } from "../harness/rounds";
import { Project } from "./project";

interface Case {
  key: string;
  title: string;
  /** Turns, unless the caller says how many. */
  rounds: number;
  make: (undo: Undo) => Promise<Project>;
  /**
   * True for a program so large that the plain one is no baseline: it needs more memory than Node.js
   * takes. The engine then writes the stack down at the end only, not all of it after each resource,
   * which would be most of an update's time.
   */
  large?: true;
}

const cases: readonly Case[] = [
  { key: "dev", title: "`dev`", rounds: 5, make: (undo) => Project.ofRepository("dev", undo) },
  { key: "prod", title: "`prod`", rounds: 3, make: (undo) => Project.ofRepository("prod", undo) },
  {
    ...{ key: "chains100", title: "one gateway, 100 chains", rounds: 2 },
    make: (undo) => Project.ofLibrary({ gateways: 1, chains: 100 }, undo),
  },
  {
    ...{ key: "chains1000", title: "ten gateways, 1,000 chains", rounds: 2, large: true },
    make: (undo) => Project.ofLibrary({ gateways: 10, chains: 1000 }, undo),
  },
];
const PLAIN = "Plain";
const FIGURES = ["first", "preview", "up", "same", "firstCpu", "previewCpu", "upCpu", "sameCpu"];

export const program: Question = {
  name: "program",
  about: "what the components cost a preview and an update, beside a plain program",
  boxed: false,
  // Thousands of resources take longer than all other questions together.
  onRequest: true,
  ask,
  show,
};

async function ask({ rounds, only, undo, note }: Context): Promise<Findings> {
  const kept = cases.filter(({ key }) => only?.includes(key) ?? true);
  const samples: Samples = {};
  const facts: Record<string, number> = {};
  const counts = { repeated: 0, disturbed: 0 };
  for (const { key, title, rounds: own, make, large = false } of kept) {
    note(title);
    const ours = await make(undo);
    ours.keep();
    const turns: Turn[] = [{ contender: key, looks: looksOf(ours, large) }];
    let plain: Project | undefined;
    if (!large) {
      note("deploying once, to know its resources");
      await ours.timed("once", ["up", "--yes", "--skip-preview"]);
      plain = await Project.ofPlain(await ours.resources(), undo);
      plain.keep();
      turns.push({ contender: key + PLAIN, looks: looksOf(plain) });
    }
    const found = await takeRounds(turns, { rounds: rounds ?? own, repetitions: 1, note });
    Object.assign(samples, found.samples);
    counts.repeated += found.repeated;
    counts.disturbed += found.disturbed;
    facts[key] = ours.planned;
    if (plain === undefined) continue;
    const [count, declared] = [(await ours.resources()).length, (await plain.resources()).length];
    if (declared !== count) {
      throw new Error(`${title}: ${count} resources, ${declared} in the plain program`);
    }
  }
  const titles = kept.flatMap(({ key, title, large = false }) => [
    [key, title],
    ...(large ? [] : [[key + PLAIN, `${title}: plain`]]),
  ]);
  return { titles: Object.fromEntries(titles), samples, facts, ...counts };
}

/**
 * Preview of what is not there yet, of a program that was never run and of one that was, deployment,
 * preview with nothing to do.
 */
function looksOf(project: Project, large = false): Turn["looks"] {
  const env = large ? { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" } : {};
  return [
    () => {
      project.restore();
      project.forgetCompiled();
      return project.timed("first", ["preview"]);
    },
    () => {
      project.restore();
      return project.timed("preview", ["preview"]);
    },
    () => {
      project.restore();
      return project.timed("up", ["up", "--yes", "--skip-preview"], env);
    },
    () => project.timed("same", ["preview", "--expect-no-changes"]),
  ];
}

function show(results: Findings): string {
  const { facts = {}, samples, titles, repeated, disturbed } = results;
  const seconds = (head: string, figure: string): Column => ({
    ...{ head, figure, digits: 2 },
    convert: (milliseconds) => milliseconds / 1000,
  });
  const columns = [
    seconds("first preview, s", "first"),
    { ...seconds("preview, s", "preview"), spread: true },
    seconds("up, s", "up"),
    seconds("preview of no change, s", "same"),
    seconds("processor: preview, s", "previewCpu"),
    seconds("up, s", "upCpu"),
    { head: "memory: first preview, MB", figure: "firstMemory" },
    { head: "preview, MB", figure: "previewMemory" },
    { head: "up, MB", figure: "upMemory" },
  ];
  const keys = Object.keys(facts).filter((key) => samples[key] !== undefined);
  const ratios = keys.map((key) => {
    const count = Number(facts[key]);
    const of = (figure: string) =>
      ratio(samples, figure, key, key + PLAIN)?.median.toFixed(2) ?? "-";
    const each = (figure: string) => {
      const found = figureOf(byRound(samples, key, figure));
      return found === undefined ? "-" : format(found.median / count, 1);
    };
    return [
      titles[key] ?? key,
      format(count, 0),
      ...FIGURES.map(of),
      ...["previewCpu", "upCpu"].map(each),
    ];
  });
  const clock = ["first preview", "preview", "up", "no change"];
  const heads = [
    ...["of the plain program", "resources in the plan", ...clock],
    ...clock.map((what) => `processor: ${what}`),
  ];
  return [
    figureTable(results, columns),
    markdownTable([...heads, "ms a resource: preview", "up"], ratios),
    `${repeated} looks were repeated because the machine was busy, ${disturbed} stayed disturbed.`,
  ].join("\n\n");
}
