/** A machine to look at: the image's sshd on port 22, a page on port 80. Yours stands here. */
import { VirtualMachine } from "@pulumi/azure-native/compute";
import * as pulumi from "@pulumi/pulumi";

const customData = `#cloud-config
write_files:
  - path: /etc/systemd/system/page.service
    content: |
      [Service]
      ExecStart=/usr/bin/python3 -m http.server 80 --directory /srv
      [Install]
      WantedBy=multi-user.target
runcmd:
  - [systemctl, enable, --now, page.service]
`;

export interface MachineArgs {
  resourceGroupName: pulumi.Input<string>;
  networkInterfaceId: pulumi.Input<string>;
  location?: pulumi.Input<string>;
}

export function createMachine(
  vmName: string,
  { resourceGroupName, networkInterfaceId, location }: MachineArgs,
  options?: pulumi.CustomResourceOptions,
): VirtualMachine {
  const keyData = new pulumi.Config().require("sshPublicKey");
  return new VirtualMachine(
    vmName,
    {
      ...{ resourceGroupName, location, vmName },
      hardwareProfile: { vmSize: "Standard_B2ats_v2" },
      networkProfile: { networkInterfaces: [{ id: networkInterfaceId, primary: true }] },
      osProfile: {
        computerName: vmName,
        adminUsername: "operator",
        customData: Buffer.from(customData).toString("base64"),
        linuxConfiguration: {
          disablePasswordAuthentication: true,
          ssh: { publicKeys: [{ path: "/home/operator/.ssh/authorized_keys", keyData }] },
        },
      },
      storageProfile: {
        imageReference: {
          publisher: "Canonical",
          offer: "ubuntu-24_04-lts",
          sku: "server",
          version: "24.04.202510010",
        },
        osDisk: { createOption: "FromImage", deleteOption: "Delete" },
      },
    },
    options,
  );
}
