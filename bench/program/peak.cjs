/** Required by every node program of a run: at its end, each writes what memory it had at most. */
const { appendFileSync } = require("node:fs");

process.on("exit", () => {
  const script = process.argv[1] ?? "";
  const { maxRSS } = process.resourceUsage();
  appendFileSync(process.env.GWLB_BENCH_PEAKS, `${JSON.stringify({ script, maxRSS })}\n`);
});
