/** Another policy for a machine that runs, as Azure would bring it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { PolicyBundle } from "../../components/policy";
import type { Guest } from "../../test/support/guest";

const IN_FORCE_SECONDS = 30;

/** Gives the machine a policy and waits until it is in force; milliseconds that its loading took. */
export async function changePolicy(guest: Guest, { userData, hash }: PolicyBundle) {
  await guest.outside.userData(userData);
  const end = Date.now() + IN_FORCE_SECONDS * 1000;
  const said = new RegExp(`policy ${hash.slice(0, 12)} in force .* loaded in ([0-9]+) ms`);
  while (Date.now() < end) {
    const lines = (await guest.sh("journalctl -b -o cat -u gwlb-policy -n 20")).split("\n");
    const found = lines.findLast((line) => / in force | refused: /.test(line));
    const took = said.exec(found ?? "")?.[1];
    if (took !== undefined) return Number(took);
    if (found?.includes(`${hash.slice(0, 12)} refused`)) throw new Error(found);
    await sleep(100);
  }
  throw new Error(`the policy is not in force after ${IN_FORCE_SECONDS} s`);
}
