/** Rules that hold for every resource: its name, its region, its tags. */
import { type ArmError, refuse } from "./errors";
import { canonicalRegion, isRegion } from "./regions";
import { refusalsOf } from "./rules";
import { docs, quoted } from "./sources";
import type { ResourceType } from "./types";
import type { Put } from "./world";

const refusals = refusalsOf("Every resource", {
  name: {
    code: "InvalidResourceName",
    says: "A name follows the naming rules of its type.",
    ours: true,
    documented: docs.names,
  },
  noLocation: {
    code: "LocationRequired",
    says: "A resource that lives in a region says in which.",
    documented: docs.apiErrors,
  },
  noRegion: {
    code: "LocationNotAvailableForResourceType",
    says: "A region is one that there is.",
    reported: quoted("LocationNotAvailableForResourceType"),
  },
  moved: {
    code: "InvalidResourceLocation",
    says: "A resource stays in its region.",
    http: 409,
    reported: quoted("InvalidResourceLocation"),
  },
  tooManyTags: {
    code: "TagsLimitExceeded",
    says: "A resource has at most 50 tags.",
    ours: true,
    documented: docs.tags,
  },
  tagName: {
    code: "InvalidTagNameCharacters",
    says: "A tag's name has at most 512 characters, and none of <>%&\\?/.",
    documented: docs.tags,
  },
  tagValue: {
    code: "TagValueTooLong",
    says: "A tag's value has at most 256 characters.",
    ours: true,
    documented: docs.tags,
  },
});

/** Problems of a resource's own name. */
export function* nameProblems(name: string, type: ResourceType): Generator<ArmError> {
  const { max, pattern, words } = type.name;
  if (name.length <= max && pattern.test(name)) return;
  yield refuse(
    refusals.name,
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
      refusals.noLocation,
      "The location property is required for this definition.",
      "location",
    );
    return;
  }
  if (
    type.region === "global" ? canonicalRegion(location) !== "global" : !isPlace(location, type)
  ) {
    yield refuse(
      refusals.noRegion,
      `The provided location '${location}' is not available for resource type '${type.type}'.`,
      "location",
    );
  }
  desired.location = canonicalRegion(location);
  if (existing === undefined || existing.location === desired.location) return;
  if (type.rules?.some((rule) => rule.name === "location")) return; // it has a code of its own
  yield refuse(
    refusals.moved,
    `The resource '${desired.name}' already exists in location '${existing.location}'. A resource with the same name cannot be created in location '${desired.location}'.`,
    "location",
  );
}

const isPlace = (location: string, { region }: ResourceType): boolean =>
  isRegion(location) || (region === "any" && canonicalRegion(location) === "global");

const MAX_TAGS = 50;

function* tagProblems(tags: Record<string, string>): Generator<ArmError> {
  const names = Object.keys(tags);
  if (names.length > MAX_TAGS) {
    yield refuse(
      refusals.tooManyTags,
      `The resource has ${names.length} tags; ${MAX_TAGS} are allowed.`,
      "tags",
    );
  }
  for (const name of names) {
    if (name.length > 512 || /[<>%&\\?/]/.test(name)) {
      yield refuse(
        refusals.tagName,
        `The tag name '${name.slice(0, 60)}' has reserved characters <>%&\\?/ or more than 512 characters.`,
        `tags.${name}`,
      );
    }
    if ((tags[name]?.length ?? 0) > 256) {
      yield refuse(
        refusals.tagValue,
        `The value of tag '${name}' has more than 256 characters.`,
        `tags.${name}`,
      );
    }
  }
}
