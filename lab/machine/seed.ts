/** Files on a machine's disk at the first boot, where Azure's agent would bring them. Pure. */

/** A VM as its machine needs it. */
export interface MachineSpec {
  /** Unique id, a UUID: instance id for cloud-init, and name of the disk. */
  id: string;
  /** Name in logs; any text. */
  name: string;
  hostname: string;
  adminUsername?: string;
  sshKeys: readonly string[];
  /** Base64, as in the VM's resource. */
  customData?: string;
  /** Another number is another disk, and a first boot; default 0. */
  disk?: number;
}

/**
 * Files of the seed, by their path on the machine. JSON is YAML: nothing is spliced into text.
 * customData stays bytes: it may be compressed, as on Azure.
 */
export function seedFiles(spec: MachineSpec): Record<string, string | Uint8Array> {
  const metadata = {
    "instance-id": spec.id,
    "local-hostname": spec.hostname,
    ...(spec.sshKeys.length > 0 ? { "public-keys": spec.sshKeys } : {}),
  };
  return {
    "/var/lib/cloud/seed/nocloud/meta-data": `${JSON.stringify(metadata)}\n`,
    "/var/lib/cloud/seed/nocloud/user-data": Buffer.from(spec.customData ?? "", "base64"),
    "/etc/cloud/cloud.cfg.d/90-platform.cfg": `${JSON.stringify(platformConfig(spec))}\n`,
  };
}

function platformConfig({ adminUsername = "azureuser" }: MachineSpec): object {
  return {
    datasource_list: ["NoCloud"],
    // On Azure the network comes by DHCP, before cloud-init looks at it.
    network: { config: "disabled" },
    locale: "C.UTF-8",
    // No password opens a machine, at no login.
    ssh_pwauth: false,
    disable_root: true,
    ssh_genkeytypes: ["ed25519"],
    system_info: {
      default_user: {
        name: adminUsername,
        lock_passwd: true,
        groups: ["adm", "sudo"],
        sudo: ["ALL=(ALL) NOPASSWD:ALL"],
        shell: "/bin/bash",
      },
    },
    // Modules of the stock list that have nothing to do on this image cost a tenth of a second each.
    cloud_config_modules: ["locale", "set-passwords", "ntp", "timezone", "runcmd", "ssh-import-id"],
  };
}
