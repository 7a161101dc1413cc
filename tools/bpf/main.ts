/** `npm run bpf`: compiles the eBPF programs; their objects are to be committed with them. */
import { build, missingCompiler } from "./build";

async function main(): Promise<void> {
  const missing = await missingCompiler();
  if (missing !== undefined) throw new Error(missing);
  await build();
}

void main();
