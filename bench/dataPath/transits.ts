/** How long handshakes are between an NVA's tunnels, by captures on both. */

import { Capture, until } from "../../lab/proof/capture";
import { handshakeTransits } from "../../lab/proof/transit";
import { DEVICE } from "../../nva-cloud-init/contract/contract";
import type { Samples } from "../harness/rounds";
import { PORTS } from "../policies";
import type { Contender } from "./contenders";

const ROUNDS = 3;
const HANDSHAKES = 300;
/** They have no tunnels' devices to look at. */
const WITHOUT = new Set(["none", "floor", "flood", "floodAudit"]);

/**
 * Adds nanoseconds to the samples, as `transit`. Rounds of their own: what captures cost must not
 * show in the other figures.
 */
export async function measureTransits(up: readonly Contender[], samples: Samples): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const contender of up.filter(({ key }) => !WITHOUT.has(key))) {
      samples[contender.key] ??= {};
      const figures = samples[contender.key] ?? {};
      figures.transit ??= [];
      figures.transit.push(await transits(contender));
    }
  }
}

async function transits({ netns, connect }: Contender): Promise<number[]> {
  const place = { name: netns, kind: "internet", netns, power: "running" } as const;
  const status = { boxPid: process.pid, places: [place] };
  const watch = (device: string) =>
    Capture.start(status, netns, device, `ip and tcp port ${PORTS.handshakes}`);
  const [external, internal] = await Promise.all([watch(DEVICE.external), watch(DEVICE.internal)]);
  try {
    await connect.ask({ count: HANDSHAKES });
    const both = [external, internal];
    await until(both, () => both.every((one) => one.packets.length >= 2 * HANDSHAKES), 2);
    const port = Number(PORTS.handshakes);
    return handshakeTransits(external.packets, internal.packets, port).handshakes;
  } finally {
    await Promise.all([external.stop(), internal.stop()]);
  }
}
