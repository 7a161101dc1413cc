/** Collects problems, and checks the plain shapes that all parts of a policy share. */
import { NAME } from "../../nva-cloud-init/contract/contract";
import { type Problem, shown } from "./problem";

const NAME_FORM = new RegExp(`^${NAME.first}${NAME.rest}*$`);

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The list of problems under work; each check says whether its value can be looked at further. */
export class Findings {
  readonly problems: Problem[] = [];

  add(path: string, got: unknown, rule: string, wayOut: string): void {
    this.problems.push({ propertyPath: path, reason: `${rule}, got ${shown(got)}: ${wayOut}` });
  }

  /** A mapping with no key but the known ones: a misspelt key would widen a rule unseen. */
  record(
    value: unknown,
    path: string,
    fields?: readonly string[],
  ): value is Record<string, unknown> {
    if (!isRecord(value)) {
      this.add(path, value, "must be a mapping", "write its fields below it");
      return false;
    }
    for (const key of Object.keys(value)) {
      if (fields === undefined || fields.includes(key)) continue;
      const unknown = path === "" ? key : `${path}.${key}`;
      this.add(unknown, value[key], "is not a field", `the fields are ${fields.join(", ")}`);
    }
    return true;
  }

  /** A list with at least one entry. */
  list(value: unknown, path: string, wayOut: string): value is unknown[] {
    if (Array.isArray(value) && value.length > 0) return true;
    this.add(path, value, "must be a list with at least one entry", wayOut);
    return false;
  }

  /** One of a closed choice; nothing is fine unless `required`. */
  choice(value: unknown, path: string, choices: Record<string, string>, required = false): void {
    if (value === undefined && !required) return;
    const all = Object.values(choices);
    if (typeof value === "string" && all.includes(value)) return;
    this.add(path, value, `must be one of ${all.join(", ")}`, "choose one of them");
  }

  boolean(value: unknown, path: string): void {
    if (value === undefined || typeof value === "boolean") return;
    this.add(path, value, "must be true or false", "write it without quotes");
  }

  integer(value: unknown, path: string, min: number, max: number, wayOut: string): void {
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
    this.add(path, value, `must be a whole number from ${min} to ${max}`, wayOut);
  }

  /** A name of limited length, of a rule or a set. */
  name(value: unknown, path: string, lengthMax: number): void {
    if (typeof value !== "string" || !NAME_FORM.test(value)) {
      this.add(
        path,
        value,
        "must be a name of lower-case letters, digits and hyphens that starts with a letter",
        "for example no-ssh-from-8-8-8-8",
      );
    } else if (value.length > lengthMax) {
      const rule = `must be at most ${lengthMax} characters, as names in the kernel are`;
      this.add(path, value, rule, `shorten it by ${value.length - lengthMax}`);
    }
  }
}
