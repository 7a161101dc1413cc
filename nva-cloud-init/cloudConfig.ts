/** Typed settings → customData: how an NVA boots. Pure but for reading the files in guest/. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gzip } from "pako";
import { FILES, type NvaSettings, type TunnelSettings } from "./contract/contract";
import { withoutProse } from "./guestText";

/** Most bytes of customData, before base64: Azure refuses more. */
export const CUSTOM_DATA_LIMIT = 65535;

/**
 * customData: a `#cloud-config`, compressed with gzip, which cloud-init unpacks by itself; the
 * caller encodes it in base64. The same settings give the same bytes on every machine: customData
 * cannot change during a VM's life, so that another byte would replace the NVA. Node's own zlib
 * gives other bytes in other releases and on other processors, hence the pinned library. More than
 * {@link CUSTOM_DATA_LIMIT} bytes are for the caller to refuse.
 */
export function renderCustomData(settings: NvaSettings): Uint8Array {
  // Two members of one gzip file: readable text and base64 need codes of their own.
  return Buffer.concat([readable(settings), written(fastPathObject())].map(packed));
}

/**
 * The text in the customData. Nothing of the settings is spliced into a command: they travel as a
 * file. Contents are JSON strings, which YAML reads as they are.
 */
export function cloudConfig(settings: NvaSettings): string {
  return readable(settings) + written(fastPathObject());
}

/** All of it but the last file. */
function readable(settings: NvaSettings): string {
  const files: GuestFile[] = [
    { path: FILES.settings, mode: MODE, content: settingsFile(settings) },
    ...guestFiles(),
  ];
  const units = files
    .filter(({ path: file }) => file.endsWith(".service"))
    .map(({ path: file }) => path.posix.basename(file));
  return [
    "#cloud-config",
    // RSA and DSA host keys take most of the time of a first boot, and no client of today asks.
    "ssh_genkeytypes: [ed25519, ecdsa]",
    "runcmd:",
    "- [systemctl, daemon-reload]",
    `- [systemctl, enable, --now, ${units.join(", ")}]`,
    "write_files:",
    files.map(written).join(""),
  ].join("\n");
}

function written({ path: file, mode, encoding, content }: GuestFile): string {
  return [
    `- path: ${file}`,
    ...(mode === MODE ? [] : [`  permissions: "${mode}"`]),
    ...(encoding === undefined ? [] : [`  encoding: ${encoding}`]),
    `  content: ${JSON.stringify(content)}`,
    "",
  ].join("\n");
}

function packed(data: string | Uint8Array): Uint8Array {
  return gzip(data, { level: 9, memLevel: 9 });
}

interface GuestFile {
  path: string;
  mode: string;
  content: string;
  /** As cloud-init has it; default: the content as it stands. */
  encoding?: string;
}

const guest = path.join(__dirname, "guest");
const OBJECT = "fastpath/fastpath.o";
/** The mode that cloud-init gives a file without one. */
const MODE = "0644";
const PROGRAM = /^gwlb-[a-z]+$/;
const MODULE = /^gwlb\/[a-z_/]+\.py$/;
const UNIT = /^units\/gwlb-[a-z]+\.service$/;

/** Programs, the package they are made of, and units; what an editor or Python left stays out. */
function guestFiles(): GuestFile[] {
  const names = readdirSync(guest, { recursive: true, encoding: "utf8" })
    .map((name) => name.split(path.sep).join("/"))
    .sort();
  return names.flatMap((name) => {
    const unit = UNIT.test(name);
    if (!unit && !PROGRAM.test(name) && !MODULE.test(name)) return [];
    return {
      path: unit ? `${FILES.units}/${path.posix.basename(name)}` : `${FILES.programs}/${name}`,
      mode: PROGRAM.test(name) ? "0755" : MODE,
      content: withoutProse(readFileSync(path.join(guest, name), "utf8")),
    };
  });
}

/** The compiled programs of the fast path. */
function fastPathObject(): GuestFile {
  return {
    path: `${FILES.programs}/${OBJECT}`,
    mode: MODE,
    encoding: "gz+b64",
    content: Buffer.from(packed(readFileSync(path.join(guest, OBJECT)))).toString("base64"),
  };
}

/** A file as it lands on an NVA. */
export interface PlacedFile {
  path: string;
  /** Permissions, in octal digits. */
  mode: string;
  content: Uint8Array;
}

/** All files that customData brings but the settings, which belong to one NVA. */
export function placedFiles(): PlacedFile[] {
  const object = { path: `${FILES.programs}/${OBJECT}`, mode: MODE };
  return [
    ...guestFiles().map((file) => ({ ...file, content: Buffer.from(file.content) })),
    { ...object, content: readFileSync(path.join(guest, OBJECT)) },
  ];
}

/** Named one by one, so that a caller's further fields and their order change nothing. */
function settingsFile(settings: NvaSettings): string {
  const tunnel = ({ port, vni }: TunnelSettings) => ({ port, vni });
  const content: NvaSettings = {
    drainSeconds: settings.drainSeconds,
    external: tunnel(settings.external),
    gatewayAddress: settings.gatewayAddress,
    internal: tunnel(settings.internal),
    mtu: settings.mtu,
    policyPollSeconds: settings.policyPollSeconds,
    probePath: settings.probePath,
    probePort: settings.probePort,
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}
