/** How a workload's VM boots, as cloud-init's text. Pure but for reading the files it installs. */
import { readFileSync } from "node:fs";
import path from "node:path";

const guest = path.join(__dirname, "guest");
const FILES = [
  { name: "demo-web.py", to: "/opt/demo/demo-web.py", permissions: "0755" },
  {
    name: "demo-web.service",
    to: "/etc/systemd/system/demo-web.service",
    permissions: "0644",
  },
];

/** The customData: a program and its unit, started now and at every boot; nothing is downloaded. */
export function workloadCustomData(): string {
  const config = {
    write_files: FILES.map(({ name, to, permissions }) => ({
      path: to,
      permissions,
      encoding: "b64",
      content: readFileSync(path.join(guest, name)).toString("base64"),
    })),
    runcmd: [
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "--now", "demo-web.service"],
    ],
  };
  // JSON is YAML, and needs no writer.
  return `#cloud-config\n${JSON.stringify(config, null, 1)}\n`;
}
