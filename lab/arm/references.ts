/** References between resources, kept as they change: a rule never walks the whole store. */
import { isUnder, keyOf, parentOf, parseId } from "./ids";
import type { StoredResource } from "./resource";

/** Ids that a resource names outside itself, in lower case. */
export function referencesOf(resource: StoredResource): Set<string> {
  const found = new Set<string>();
  const add = (id: string) => {
    if (isUnder(id, resource.id)) return;
    const parsed = parseId(id);
    if (parsed === undefined) return;
    // A use of a child (a pool, a subnet) is a use of everything that it is part of.
    found.add(keyOf(id));
    let key = keyOf(id);
    for (let p = parentOf(parsed); p !== undefined; p = parentOf(p)) {
      key = key.split("/").slice(0, -2).join("/");
      found.add(key);
    }
  };
  const walk = (value: unknown, key: string) => {
    if (typeof value === "string") {
      if (key === "id" && value.startsWith("/subscriptions/")) add(value);
    } else if (Array.isArray(value)) {
      for (const item of value) walk(item, "");
    } else if (typeof value === "object" && value !== null) {
      for (const [name, item] of Object.entries(value)) {
        if (name.startsWith("/subscriptions/")) add(name);
        walk(item, name);
      }
    }
  };
  walk({ ...resource, id: undefined }, "");
  return found;
}

/** Index from a target (resource or child) to the resources that name it. Keys are lower-case ids. */
export class References {
  readonly #users = new Map<string, Set<string>>();
  readonly #uses = new Map<string, Set<string>>();

  put(resource: StoredResource): void {
    const source = keyOf(resource.id);
    this.delete(source);
    const targets = referencesOf(resource);
    if (targets.size === 0) return;
    this.#uses.set(source, targets);
    for (const target of targets) {
      const users = this.#users.get(target);
      if (users === undefined) this.#users.set(target, new Set([source]));
      else users.add(source);
    }
  }

  delete(source: string): void {
    for (const target of this.#uses.get(source) ?? []) {
      const users = this.#users.get(target);
      users?.delete(source);
      if (users?.size === 0) this.#users.delete(target);
    }
    this.#uses.delete(source);
  }

  clear(): void {
    this.#users.clear();
    this.#uses.clear();
  }

  /** Keys of the resources that name the target, in the order they came to. */
  usersOf(id: string): readonly string[] {
    return [...(this.#users.get(keyOf(id)) ?? [])];
  }
}
