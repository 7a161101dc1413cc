/** Bodies of requests: JSON with bounds, and the one liberty that the Azure CLI takes with it. Pure. */
import { refuse } from "../errors";
import { asBody, type Body } from "../resource";
import { refusalsOf } from "../rules";
import { docs } from "../sources";

const refusals = refusalsOf("The HTTP API", {
  content: {
    code: "InvalidRequestContent",
    says: "A body can be read as a JSON object.",
    documented: docs.apiErrors,
  },
});

/** No body of Azure's is nested as deep as this. */
const MAX_DEPTH = 64;

const invalid = (why: string) =>
  refuse(
    refusals.content,
    `The request content was invalid and could not be deserialized: '${why}'.`,
  );

/** The object that the bytes hold; refuses everything else as Azure does. */
export function parseJson(bytes: Buffer): Body {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid("the bytes are not UTF-8");
  }
  // Depth first: the parser and everything after it recurse.
  if (depthOf(text) > MAX_DEPTH) throw invalid(`it is nested more than ${MAX_DEPTH} levels deep`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (strict) {
    try {
      // `az` sends a deployment's template under an unquoted name.
      value = JSON.parse(text.replace(/([{,]\s*)(template|mode|parameters)(\s*:)/g, '$1"$2"$3'));
    } catch {
      throw invalid(strict instanceof Error ? strict.message.slice(0, 200) : "no JSON");
    }
  }
  const body = asBody(value);
  if (body === undefined) throw invalid("a JSON object is expected");
  return body;
}

/** How deep brackets are nested, those inside strings left out. */
function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted) {
      if (char === "\\") i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{" || char === "[") most = Math.max(most, ++depth);
    else if (char === "}" || char === "]") depth--;
  }
  return most;
}
