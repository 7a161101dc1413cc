/** Rules that hold for every resource: its name, its region, its tags. */
import { type ArmError, conflict, refuse } from "./errors";
import { canonicalRegion, isRegion } from "./regions";
import type { ResourceType } from "./types";
import type { Put } from "./world";

/** What is wrong with a resource's own name. */
export function* nameProblems(name: string, type: ResourceType): Generator<ArmError> {
  const { max, pattern, words } = type.name;
  if (name.length <= max && pattern.test(name)) return;
  yield refuse(
    "InvalidResourceName",
    `Resource name ${name} is invalid for ${type.type}. It can have up to ${max} characters: ${words}.`,
    "name",
  );
}

/** Region and tags; puts the region into the form that answers have. */
export function* commonProblems(put: Put, type: ResourceType): Generator<ArmError> {
  if (type.located) yield* locationProblems(put, type);
  yield* tagProblems(put.desired.tags ?? {});
}

function* locationProblems({ desired, existing }: Put, type: ResourceType): Generator<ArmError> {
  const { location } = desired;
  if (location === undefined) {
    yield refuse(
      "LocationRequired",
      "The location property is required for this definition.",
      "location",
    );
    return;
  }
  if (!isRegion(location)) {
    yield refuse(
      "LocationNotAvailableForResourceType",
      `The provided location '${location}' is not available for resource type '${type.type}'.`,
      "location",
    );
  }
  desired.location = canonicalRegion(location);
  if (existing === undefined || existing.location === desired.location) return;
  if (type.rules?.some((rule) => rule.name === "location")) return; // it has a code of its own
  yield conflict(
    "InvalidResourceLocation",
    `The resource '${desired.name}' already exists in location '${existing.location}'. A resource with the same name cannot be created in location '${desired.location}'.`,
    "location",
  );
}

const MAX_TAGS = 50;

function* tagProblems(tags: Record<string, string>): Generator<ArmError> {
  const names = Object.keys(tags);
  if (names.length > MAX_TAGS) {
    yield refuse(
      "TagsLimitExceeded",
      `The resource has ${names.length} tags; ${MAX_TAGS} are allowed.`,
      "tags",
    );
  }
  for (const name of names) {
    if (name.length > 512 || /[<>%&\\?/]/.test(name)) {
      yield refuse(
        "InvalidTagNameCharacters",
        `The tag name '${name.slice(0, 60)}' has reserved characters <>%&\\?/ or more than 512 characters.`,
        `tags.${name}`,
      );
    }
    if ((tags[name]?.length ?? 0) > 256) {
      yield refuse(
        "TagValueTooLong",
        `The value of tag '${name}' has more than 256 characters.`,
        `tags.${name}`,
      );
    }
  }
}
