/** An NVA as somebody writes it by hand: two tunnels, a bridge, one rule, a page for the probe. */

const MTU = 3900;

/** Its customData; `gateway` is the frontend address of a gateway with the tunnels of `az`. */
export function handMadeNva(gateway: string): string {
  const port = (name: string, vni: number, udp: number) => [
    `ip link add ${name} type vxlan id ${vni} dev eth0 remote ${gateway} dstport ${udp} nolearning`,
    `ip link set ${name} mtu 1500 master br0 up`,
    `bridge link set dev ${name} learning off`,
  ];
  const script = [
    "#!/bin/sh -e",
    `ip link set eth0 mtu ${MTU}`,
    "ip link add br0 type bridge",
    "ip link set br0 up",
    ...port("vxlan-in", 900, 10800),
    ...port("vxlan-ex", 901, 10801),
    "sysctl -w net.bridge.bridge-nf-call-iptables=1",
    "iptables -A FORWARD -s 8.8.8.8 -p tcp --dport 22 -m physdev --physdev-in vxlan-ex -j DROP",
  ];
  return [
    "#cloud-config",
    "write_files:",
    "  - path: /usr/local/sbin/nva",
    "    permissions: '0755'",
    `    content: ${JSON.stringify(`${script.join("\n")}\n`)}`,
    "  - path: /srv/index.html",
    "    content: up",
    "runcmd:",
    "  - [/usr/local/sbin/nva]",
    "  - [systemd-run, --unit=page, python3, -m, http.server, --directory, /srv, '80']",
    "",
  ].join("\n");
}
