import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { seedFiles } from "../../../lab/machine/seed";

const SEED = "/var/lib/cloud/seed/nocloud";
const base = { id: "4f3c", name: "vm", hostname: "host-1", sshKeys: [] };

describe("seedFiles", () => {
  test("customData is the user data, to the byte", () => {
    const text = "#cloud-config\nwrite_files: []\n# ä\n";
    const files = seedFiles({ ...base, customData: Buffer.from(text).toString("base64") });
    assert.equal(String(files[`${SEED}/user-data`]), text);
  });

  test("a VM without customData has empty user data", () => {
    assert.equal(String(seedFiles(base)[`${SEED}/user-data`]), "");
  });

  test("metadata names instance, host and keys, whatever is in them", () => {
    const key = 'ssh-ed25519 AAAA "quoted": yes # x';
    const metadata = parse(String(seedFiles({ ...base, sshKeys: [key] })[`${SEED}/meta-data`]));
    assert.deepEqual(metadata, {
      "instance-id": "4f3c",
      "local-hostname": "host-1",
      "public-keys": [key],
    });
  });

  test("no password opens the machine, and the administrator is the VM's", () => {
    const files = seedFiles({ ...base, adminUsername: "ops" });
    const config = parse(String(files["/etc/cloud/cloud.cfg.d/90-platform.cfg"]));
    assert.equal(config.ssh_pwauth, false);
    assert.equal(config.system_info.default_user.lock_passwd, true);
    assert.equal(config.system_info.default_user.name, "ops");
  });
});
