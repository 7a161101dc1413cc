/** The virtual machine that an NVA is: size, zone, image, administrator. */
import type { Input } from "@pulumi/pulumi";
import { DEFAULTS, NUMBERS } from "../../../nva-cloud-init/contract/contract";
import {
  at,
  boundsReason,
  choiceReason,
  formReason,
  optional,
  type Problem,
  type Reason,
  shown,
} from "../../check/problem";

/** The NVA's machine, as the user writes it. */
export interface NvaArgs {
  /**
   * Private IPv4 address in the NVA subnet. Default: the sixth address of the provider's own NVA
   * subnet (10.7.1.5); in an existing subnet, one that Azure chooses.
   */
  address?: string;
  /**
   * VM size, changed in place with a restart. Default: `Standard_D2s_v5`: general purpose, not
   * burstable (credits that run out slow every packet), Trusted Launch and accelerated networking,
   * in most regions. Not the A, Dv2 and Dv3 families, which lack Trusted Launch. Traffic enters
   * and leaves by one NIC, so size for twice the traffic.
   */
  size?: string;
  /** Availability zone, `1`, `2` or `3`. Default: none, Azure chooses. A change replaces the VM. */
  zone?: string;
  /**
   * MTU of the NIC in bytes, 1550 to 4000. Default: 3900, the most that every NIC family of Azure
   * takes. A full inner packet of 1,500 bytes needs 1,550. A change replaces the VM.
   */
  mtu?: number;
  /**
   * True gives the NIC a direct path to the host's network card. Default: true; false for the few
   * sizes that lack it. A change replaces NIC and VM.
   */
  acceleratedNetworking?: boolean;
  /**
   * Version of the image Canonical `ubuntu-24_04-lts` `server`. Default: a version that this
   * release was made for; `latest` is refused, because it differs from day to day and no plan
   * shows it. A change replaces the VM.
   */
  imageVersion?: string;
  /**
   * Name of the administrator's account, 1 to 32 characters, no name that Azure reserves. Default:
   * `nvaadmin`. Nothing needs a login; there is no password. A change replaces the VM.
   */
  adminUsername?: string;
  /**
   * The administrator's SSH public key, `ssh-ed25519` or `ssh-rsa` of 2,048 bits or more. Default:
   * a key made from 32 random bytes that are kept in the stack's state as a secret: Azure demands
   * a key, nobody needs it. A change replaces the VM.
   */
  adminSshPublicKey?: Input<string>;
  /**
   * Seconds between two looks of the NVA at its policy, 1 to 3600. Default: 10. Azure's metadata
   * service takes 5 requests a second. A change replaces the VM.
   */
  policyPollSeconds?: number;
  /**
   * Seconds that a shutdown, a restart from inside or a stop of the drain waits for flows to end at
   * most, 0 to 300. Default: 60. A scheduled event waits as long as its notice. A change replaces
   * the VM.
   */
  drainSeconds?: number;
}

/** The machine with everything decided, but for what may be an Output. */
export interface Nva {
  size: string;
  zone?: string;
  mtu: number;
  acceleratedNetworking: boolean;
  imageVersion: string;
  adminUsername: string;
  policyPollSeconds: number;
  drainSeconds: number;
}

/** The image; `server` is generation 2, which Trusted Launch needs. */
export const IMAGE = { publisher: "Canonical", offer: "ubuntu-24_04-lts", sku: "server" };
/** The image version that this release was made for. */
export const IMAGE_VERSION = "24.04.202510010";

/** Availability zones of a region that has them. */
export const ZONES: readonly string[] = ["1", "2", "3"];

/** Names that Azure refuses for the administrator of a Linux VM. */
const RESERVED_USERS: readonly string[] = (
  "administrator admin user user1 test user2 test1 user3 admin1 1 123 a actuser adm admin2 aspnet " +
  "backup console david guest john owner root server sql support support_388945a0 sys test2 test3 " +
  "user4 user5 video"
).split(" ");

/** Fills in what the user left out. */
export function planNva(args: NvaArgs = {}): Nva {
  return {
    size: args.size ?? "Standard_D2s_v5",
    zone: args.zone,
    mtu: args.mtu ?? DEFAULTS.mtu,
    acceleratedNetworking: args.acceleratedNetworking ?? true,
    imageVersion: args.imageVersion ?? IMAGE_VERSION,
    adminUsername: args.adminUsername ?? "nvaadmin",
    policyPollSeconds: args.policyPollSeconds ?? DEFAULTS.policyPollSeconds,
    drainSeconds: args.drainSeconds ?? DEFAULTS.drainSeconds,
  };
}

/** Every problem of the machine, in reading order. */
export function nvaProblems(nva: Nva): Problem[] {
  return [
    ...at("size", sizeReason(nva.size)),
    ...at("zone", optional(nva.zone, zoneReason)),
    ...at("mtu", boundsReason(nva.mtu, NUMBERS.mtu, "bytes")),
    ...at("imageVersion", imageVersionReason(nva.imageVersion)),
    ...at("adminUsername", adminUsernameReason(nva.adminUsername)),
    ...at(
      "policyPollSeconds",
      boundsReason(nva.policyPollSeconds, NUMBERS.policyPollSeconds, "seconds"),
    ),
    ...at("drainSeconds", boundsReason(nva.drainSeconds, NUMBERS.drainSeconds, "seconds")),
  ];
}

/** Why a text is no size for an NVA. Sizes are many and grow in number, so the form is checked. */
export function sizeReason(size: string): Reason {
  const form = /^(Standard|Basic)_[A-Z]+[0-9]+(-[0-9]+)?[a-z]*(_[A-Za-z0-9]+)*$/;
  const wrong = formReason(size, form, "a VM size like Standard_D2s_v5");
  if (wrong !== undefined) return wrong;
  // Trusted Launch: not A, Dv2 (with DSv2's plain sibling) and Dv3.
  if (/^Basic_|^Standard_A\d|^Standard_D\d+(_v[23])?$/.test(size)) {
    return `must be a size with Trusted Launch, which the A, D, Dv2 and Dv3 families lack: take Standard_D2s_v5, got ${shown(size)}`;
  }
  return undefined;
}

export const zoneReason = (zone: string): Reason => choiceReason(zone, ZONES);

/** Problems of a list of zones: known ones, each once. */
export function zonesProblems(path: string, zones: readonly string[]): Problem[] {
  return zones.flatMap((zone, i) => {
    const twice = zones.indexOf(zone) < i ? `names zone ${shown(zone)} twice` : undefined;
    return at(`${path}[${i}]`, zoneReason(zone) ?? twice);
  });
}

/** Why a text is no SSH public key that Azure takes. */
export function sshKeyReason(key: string): Reason {
  const rule = "an OpenSSH public key (ssh-ed25519 or ssh-rsa, at least 2048 bits)";
  const [, kind, base64 = ""] =
    /^(ssh-ed25519|ssh-rsa) ([A-Za-z0-9+/]+={0,2})( .*)?\s*$/.exec(key) ?? [];
  if (kind === undefined) {
    const secret = typeof key === "string" && key.includes("PRIVATE KEY");
    // A private key is never repeated in a message.
    return secret
      ? `must be ${rule}, got a private key: give the .pub file`
      : `must be ${rule}, got ${shown(key)}`;
  }
  const parts = sshParts(Buffer.from(base64, "base64"));
  if (parts?.[0]?.toString() !== kind) return `must be ${rule}, got a broken one: ${shown(key)}`;
  if (kind === "ssh-ed25519") {
    return parts[1]?.length === 32 ? undefined : `must be ${rule}, got a broken one: ${shown(key)}`;
  }
  const modulus = (parts[2]?.length ?? 0) * 8 - 8;
  return modulus >= 2040 ? undefined : `must be ${rule}, got one of about ${modulus} bits`;
}

/** The length-prefixed parts of a key's body (RFC 4253); undefined if they do not fit. */
function sshParts(body: Buffer): Buffer[] | undefined {
  const parts: Buffer[] = [];
  let from = 0;
  while (from < body.length) {
    if (from + 4 > body.length) return undefined;
    const end = from + 4 + body.readUInt32BE(from);
    if (end > body.length) return undefined;
    parts.push(body.subarray(from + 4, end));
    from = end;
  }
  return parts;
}

function imageVersionReason(version: string): Reason {
  if (version === "latest") {
    return `must be a version like ${IMAGE_VERSION}: "latest" differs from day to day and no plan shows it`;
  }
  return formReason(version, /^\d+\.\d+\.\d{9,}$/, `an image version like ${IMAGE_VERSION}`);
}

function adminUsernameReason(name: string): Reason {
  const form = /^[a-z_][a-z0-9_-]{0,31}$/;
  const rule = "1 to 32 of a-z, 0-9, - and _, not beginning with a digit or -";
  const wrong = formReason(name, form, rule);
  if (wrong !== undefined || !RESERVED_USERS.includes(name)) return wrong;
  return `must not be a name that Azure reserves, got ${shown(name)}`;
}
