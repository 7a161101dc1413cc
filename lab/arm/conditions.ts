/** Preconditions of a request: entity tags in If-Match and If-None-Match. Pure. */
import { refuse } from "./errors";
import { refusalsOf } from "./rules";
import { recordings } from "./sources";

const refusals = refusalsOf("Every request", {
  etag: {
    code: "PreconditionFailed",
    says: "The etag of what is there meets If-Match and If-None-Match.",
    http: 412,
    recorded: `PUT with an If-Match of another etag; ${recordings.client}`,
  },
});

/** Headers as they were sent. */
export interface Conditions {
  ifMatch?: string;
  ifNoneMatch?: string;
}

/** Refuses with 412 when the tag of what is there (undefined: nothing) does not meet the conditions. */
export function checkConditions(etag: string | undefined, conditions: Conditions): void {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch !== undefined && !matches(ifMatch, etag)) throw failed(ifMatch, etag);
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, etag)) throw failed(ifNoneMatch, etag);
}

/** Whether a header's list of tags names the tag. */
function matches(header: string, etag: string | undefined): boolean {
  if (etag === undefined) return false;
  const tags = header.match(/(?:W\/)?"[^"]*"|[^\s,]+/g) ?? [];
  return tags.some((tag) => tag === "*" || plain(tag) === plain(etag));
}

const plain = (tag: string): string => tag.replace(/^W\//, "").replaceAll('"', "");

const failed = (header: string, etag: string | undefined) =>
  refuse(
    refusals.etag,
    `The condition '${header}' in the request does not hold: the resource ${etag === undefined ? "is not there" : `has the etag ${etag}`}.`,
  );
