/** Keeps one comment on a pull request up to date, by GitHub's REST API. */

/** Where the comment goes. */
export interface PullRequest {
  /** Base of the API without a slash at the end, `https://api.github.com` on github.com. */
  api: string;
  /** `owner/name`. */
  repository: string;
  number: number;
  /** Token that may write comments on pull requests. */
  token: string;
  /** Login that the token writes as; comments of others are left alone. */
  author: string;
}

interface Comment {
  id: number;
  body?: string;
  user?: { login?: string } | null;
}

/** Time that a request may take, in milliseconds. */
const REQUEST_TIMEOUT = 20_000;
const PAGE_SIZE = 100;

/**
 * Writes the comment, or rewrites the one that starts with the same marker line. Throws with
 * GitHub's answer when it refuses.
 */
export async function upsertComment(target: PullRequest, body: string): Promise<"new" | "updated"> {
  const [marker = ""] = body.split("\n", 1);
  const issue = `/repos/${target.repository}/issues/${target.number}/comments`;
  for (let page = 1; ; page += 1) {
    const comments = await request<Comment[]>(
      target,
      "GET",
      `${issue}?per_page=${PAGE_SIZE}&page=${page}`,
    );
    const own = comments.find(
      (comment) => comment.user?.login === target.author && comment.body?.startsWith(marker),
    );
    if (own !== undefined) {
      await request(target, "PATCH", `/repos/${target.repository}/issues/comments/${own.id}`, body);
      return "updated";
    }
    if (comments.length < PAGE_SIZE) break;
  }
  await request(target, "POST", issue, body);
  return "new";
}

async function request<T>(target: PullRequest, method: string, path: string, body?: string) {
  const response = await fetch(`${target.api}${path}`, {
    method,
    headers: {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${target.token}`,
      "user-agent": "azure-gwlb",
      "x-github-api-version": "2022-11-28",
    },
    body: body === undefined ? undefined : JSON.stringify({ body }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT),
  });
  if (!response.ok) {
    const answer = (await response.text()).slice(0, 500);
    throw new Error(`${method} ${path}: GitHub answered ${response.status}: ${answer}`);
  }
  return (await response.json()) as T;
}
