/** Finds a policy: in a file of its own, in a stack's settings, or in the stack named. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { type FirewallPolicy, policyProblems, policyWarnings } from "../../components/policy";

export interface ReadPolicy {
  policy: FirewallPolicy;
  /** The file that it was found in. */
  file: string;
  /** Path of the policy in the file; empty when the file is the policy. */
  at: string;
}

/** A policy that cannot be used; the text is for a person. */
export class PolicyError extends Error {}

/** Reads the policy of a file (YAML or JSON) or of a stack, `dev` being `Pulumi.dev.yaml`. */
export function readPolicy(name: string, folder = process.cwd()): ReadPolicy {
  const stack = path.join(folder, `Pulumi.${name}.yaml`);
  const given = path.resolve(folder, name);
  const file = existsSync(given) ? given : stack;
  if (!existsSync(file)) {
    throw new PolicyError(`${name}: there is neither a file ${given} nor ${stack}`);
  }
  const content: unknown = parseText(readFileSync(file, "utf8"), file);
  if (isRecord(content) && isRecord(content.config)) {
    const [at, policy] =
      Object.entries(content.config).find(([key]) => /:(policy|firewallPolicy)$/.test(key)) ?? [];
    if (at === undefined) throw new PolicyError(`${file}: no setting there is a policy`);
    return { policy: policy as FirewallPolicy, file, at: `config.${at}` };
  }
  return { policy: content as FirewallPolicy, file, at: "" };
}

/** Like {@link readPolicy}, and throws with all problems unless the policy is valid. */
export function validPolicy(name: string, folder?: string): FirewallPolicy {
  const { policy, file, at } = readPolicy(name, folder);
  const problems = policyProblems(policy, at);
  if (problems.length === 0) return policy;
  throw new PolicyError([`${file}:`, ...problems.map(formatProblem)].join("\n"));
}

/** Findings of a policy: its problems, or else its warnings. */
export function findings(read: ReadPolicy): { problems: string[]; warnings: string[] } {
  const problems = policyProblems(read.policy, read.at).map(formatProblem);
  const warnings =
    problems.length > 0 ? [] : policyWarnings(read.policy, read.at).map(formatProblem);
  return { problems, warnings };
}

const formatProblem = (problem: { propertyPath: string; reason: string }) =>
  `${problem.propertyPath || "the policy"}: ${problem.reason}`;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parseText(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new PolicyError(`${file}: ${(error as Error).message}`);
  }
}
