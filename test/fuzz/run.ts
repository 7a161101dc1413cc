/**
 * `npm run fuzz`: looks for inputs from outside that the guest's parsers read wrongly: userData,
 * bundles and their bodies, scheduled events, answers of the metadata service, requests to health.
 * A finding is kept below seeds/, and replayed by every `npm test`.
 *
 *   npm run fuzz                     an hour
 *   npm run fuzz -- 600 body http    ten minutes, two of the targets
 */
import path from "node:path";
import { start } from "../../lab/run";
import { fuzzEnv } from "./env";

async function main([seconds = "3600", ...targets]: string[]): Promise<void> {
  const argv = ["python3", path.join(__dirname, "fuzz.py"), seconds, ...targets];
  const child = start(argv, { env: await fuzzEnv(), stdio: "inherit" });
  child.on("close", (code) => {
    process.exitCode = code ?? 1;
  });
}

void main(process.argv.slice(2));
