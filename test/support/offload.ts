/** Work that a device leaves to its hardware: `ethtool -K`, which the image does not have. */
import { run } from "../../lab/run";

/** Commands of linux/ethtool.h. */
const COMMANDS = { checksums: 0x17, gro: 0x2c } as const;

/** Turns `checksums` (those of what it sends) or `gro` (merging what it receives) on or off. */
export async function offload(
  netns: string,
  device: string,
  what: keyof typeof COMMANDS,
  on: boolean,
): Promise<void> {
  const code =
    "import ctypes, fcntl, socket, struct, sys; " +
    "order = ctypes.create_string_buffer(struct.pack('=II', *map(int, sys.argv[2:]))); " +
    "request = struct.pack('=16sQ16x', sys.argv[1].encode(), ctypes.addressof(order)); " +
    "fcntl.ioctl(socket.socket(), 0x8946, request)";
  const args = [device, String(COMMANDS[what]), String(Number(on))];
  await run(["ip", "netns", "exec", netns, "python3", "-c", code, ...args]);
}
