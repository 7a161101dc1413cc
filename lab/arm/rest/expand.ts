/** `$expand` with paths of references: the resources that they name, in their place. */
import type { Arm } from "../arm";
import { keyOf } from "../ids";
import { asBody, type Body } from "../resource";

/** A copy of a resource in which the references at the paths are whole resources. */
export async function expanded(resource: Body, paths: string, arm: Arm): Promise<Body> {
  const result = structuredClone(resource);
  for (const path of paths.split(",")) await follow(result, path.trim().split("/"), arm);
  return result;
}

async function follow(holder: Body, path: readonly string[], arm: Arm): Promise<void> {
  const [step, ...rest] = path;
  const properties = asBody(holder.properties) ?? {};
  const field = Object.keys(properties).find((name) => keyOf(name) === keyOf(step ?? ""));
  if (field === undefined) return;
  const resolve = async (value: unknown): Promise<unknown> => {
    const reference = asBody(value);
    if (reference === undefined) return value;
    const bare = Object.keys(reference).length === 1 && typeof reference.id === "string";
    const found = bare ? ((await arm.get(String(reference.id))) ?? reference) : reference;
    const whole = structuredClone(found) as Body;
    if (rest.length > 0) await follow(whole, rest, arm);
    return whole;
  };
  const value = properties[field];
  properties[field] = Array.isArray(value)
    ? await Promise.all(value.map(resolve))
    : await resolve(value);
}
