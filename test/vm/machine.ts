/** A full virtual machine under QEMU, its NIC a tap device in the world outside. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { run, start } from "../../lab/run";
import type { Undo } from "../../lab/undo";
import type { Outside } from "../support/outside";

export class VirtualMachine {
  #child: ReturnType<typeof start> | undefined;
  #ended: Promise<void> = Promise.resolve();
  readonly #console: string;
  /** Pipe to the second serial line, by QEMU's convention without its ending. */
  readonly #line: string;

  constructor(
    readonly disk: string,
    private readonly kernel: string,
    private readonly initrd: string,
    private readonly outside: Outside,
    undo: Undo,
  ) {
    this.#console = path.join(path.dirname(disk), "console.log");
    this.#line = path.join(path.dirname(disk), "line");
    undo.add("virtual machine", () => this.kill());
  }

  /** Switches it on. The processor is emulated: slow, and the same wherever this runs. */
  async boot(): Promise<void> {
    const { enter, device } = await this.outside.tap();
    const argv = [
      "qemu-system-x86_64",
      ...["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max"],
      ...["-smp", "2", "-m", "1024", "-display", "none", "-no-reboot"],
      ...["-kernel", this.kernel, "-initrd", this.initrd],
      ...["-append", "root=/dev/vda rw console=ttyS0 panic=-1 quiet"],
      ...["-drive", `file=${this.disk},if=virtio,format=raw,cache=unsafe`],
      ...["-netdev", `tap,id=nic,ifname=${device},script=no,downscript=no`],
      ...["-device", "virtio-net-pci,netdev=nic,mac=00:0d:3a:00:00:05"],
      ...["-device", "virtio-rng-pci"],
      ...["-serial", `file:${this.#console}`, "-monitor", "stdio"],
      ...["-serial", `pipe:${this.#line}`],
    ];
    for (const way of ["in", "out"]) {
      const fifo = `${this.#line}.${way}`;
      if (!existsSync(fifo)) await run(["mkfifo", fifo]);
    }
    const child = start([...enter, ...argv], { stdio: ["pipe", "ignore", "inherit"] });
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once("close", () => resolve()));
  }

  /** Settles when it is off, by itself or not. */
  get off(): Promise<void> {
    return this.#ended;
  }

  /** Has a command line run as root. */
  type(command: string): void {
    writeFileSync(`${this.#line}.in`, `${command}\n`);
  }

  /** Presses the power button and waits until the machine has shut itself down. */
  async shutDown(seconds: number): Promise<void> {
    this.#child?.stdin?.write("system_powerdown\n");
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`still on after ${seconds} s`)), seconds * 1000);
    });
    await Promise.race([this.#ended, late]).finally(() => clearTimeout(timer));
  }

  /** Takes its power away. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#ended;
  }

  /** What it wrote to its console since it was last switched on. */
  console(): string {
    return existsSync(this.#console) ? readFileSync(this.#console, "utf8") : "";
  }
}
