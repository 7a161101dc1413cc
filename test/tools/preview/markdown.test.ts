import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { marker, renderComment } from "../../../tools/preview/markdown";
import { type Change, Kind, type Plan } from "../../../tools/preview/plan";

const subject = { stack: "dev", drift: false };
const empty: Plan = {
  changes: [],
  components: [],
  unchanged: 0,
  violations: [],
  messages: [],
  complete: true,
};
const update = (name: string, paths: string[] = []): Change => ({
  kind: Kind.Update,
  urn: `urn::${name}`,
  type: "azure-native:network:LoadBalancer",
  name,
  before: {},
  after: {},
  paths,
  because: [],
});
const render = (plan: Partial<Plan>, about = subject) =>
  renderComment(about, { ...empty, ...plan }, []);

describe("renderComment", () => {
  test("starts with the marker, which names the stack and cannot be closed by it", () => {
    assert.ok(render({}).startsWith(`${marker(subject)}\n`));
    assert.notEqual(marker(subject), marker({ ...subject, drift: true }));
    assert.doesNotMatch(marker({ stack: "a --> b", drift: false }).slice(0, -3), /-->/);
  });

  test("says plainly that nothing changes", () => {
    assert.match(render({}), /no change/);
    assert.match(render({}, { stack: "dev", drift: true }), /as deployed/);
  });

  test("puts warnings, errors and violations in front of the resources", () => {
    const text = render({
      changes: [{ ...update("gateway"), kind: Kind.Delete }],
      messages: [{ severity: "error", text: "no such thing" }],
      violations: [
        { policy: "soft", pack: "p", mandatory: false, message: "One.\nsoft detail" },
        { policy: "hard", pack: "p", mandatory: true, message: "Two.\nhard detail" },
      ],
    });
    const order = ["data path", "no such thing", "hard detail", "soft detail", "#### Resources"];
    const places = order.map((word) => text.indexOf(word));
    assert.ok(!places.includes(-1), text);
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
    );
  });

  test("is never longer than GitHub takes, and ends on a whole line", () => {
    const changes = Array.from({ length: 5000 }, (_, i) => update(`resource-${i}`, ["tags.a"]));
    const text = render({ changes });
    assert.ok(text.length <= 65_536);
    assert.match(text, /too long/);
    const rows = text.split("\n").filter((line) => line.startsWith("| update"));
    assert.ok(rows.every((row) => row.endsWith("|")));
  });

  test("keeps room for the rest beside errors without end", () => {
    const text = render({
      changes: [update("web")],
      messages: [{ severity: "error", text: "x".repeat(100_000) }],
    });
    assert.match(text, /`web`/);
  });

  test("shows a few of many differences and counts the others", () => {
    const paths = Array.from({ length: 20 }, (_, i) => `tags.t${i}`);
    assert.match(render({ changes: [update("web", paths)] }), /and 12 more/);
  });
});
