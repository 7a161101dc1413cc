/** How long an NVA of a fleet takes to come and to go, and a fleet to change. */
import { dropRule, FleetLab, NOTICE_SECONDS } from "../../test/support/fleetLab";
import { format, markdownTable } from "../harness/figures";
import type { Context, Findings, Question } from "../harness/question";

const NVAS = 10;
/** Seconds until so many machines have booted on two cores. */
const BOOTED = 400;
/** Any other version of the image's kind: the lab takes all of one form, and has one image. */
const OTHER_IMAGE = "24.04.202511010";

export const fleet: Question = {
  name: "fleet",
  about: "how long an NVA takes to boot and to drain, and a fleet of ten to take a change",
  boxed: true,
  // Ten machines, most of them booted twice: as long as all other questions together.
  onRequest: true,
  ask,
  show,
};

async function ask({ undo, note }: Context): Promise<Findings> {
  note(`bringing up a lab with ${NVAS} NVAs`);
  const begun = performance.now();
  const lab = await FleetLab.up(NVAS);
  undo.add("fleet lab", () => lab.down());
  const up = (performance.now() - begun) / 1000;
  note("one more");
  const before = new Set((await lab.nvas()).map(({ vm }) => vm));
  await lab.scale(NVAS + 1);
  await lab.healthy(NVAS + 1, BOOTED);
  const added = (await lab.nvas()).find(({ vm }) => !before.has(vm));
  if (added?.firstHealthyAfterSeconds === undefined) throw new Error("no NVA came");
  note("one drains");
  await lab.eventsShown();
  const drain = await secondsOf(async () => {
    await lab.verb("event", added.vm, "terminate");
    await lab.untilGone(added.vm);
  });
  await lab.healthy(NVAS);
  note("another policy");
  const policy = await secondsOf(async () => {
    await lab.deploy(({ config }) => {
      config["azure-gwlb:policy"].rules.push(dropRule("no-telnet", "23"));
    });
    await lab.upgraded("Completed");
  });
  note("another image");
  const image = await secondsOf(async () => {
    await lab.deploy(({ config }) => {
      const { nva } = config["azure-gwlb:gateway"] as { nva: object };
      Object.assign(nva, { imageVersion: OTHER_IMAGE });
    });
    await lab.upgraded("Completed");
    await lab.healthy(NVAS, BOOTED);
  });
  const boot = added.firstHealthyAfterSeconds;
  return {
    titles: {},
    samples: {},
    facts: { nvas: NVAS, notice: NOTICE_SECONDS, up, boot, drain, policy, image },
  };
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

function show({ facts = {} }: Findings): string {
  const { nvas, notice } = facts;
  const seconds = (name: string) => format(Number(facts[name]), 1);
  return markdownTable(
    ["", "seconds"],
    [
      [`\`lab up\` with ${nvas} NVAs and both consumers, until all are healthy`, seconds("up")],
      ["one more: from its start to its first good answer to the probe", seconds("boot")],
      [
        `one without connections is to be deleted, with ${notice} s of notice: until it is gone`,
        seconds("drain"),
      ],
      [
        `another policy for ${nvas}, two at a time: \`pulumi up\` and the upgrade`,
        seconds("policy"),
      ],
      [
        `another image for ${nvas}, two at a time: each drains, boots anew and is healthy`,
        seconds("image"),
      ],
    ],
  );
}
