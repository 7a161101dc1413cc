/** A web server that answers everything with 200 and keeps connections open: nginx, as a load needs it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type Argv, start } from "../../lab/run";
import type { Undo } from "../../lab/undo";

const configuration = (port: number) => `
daemon off;
# All of it runs in the test's own namespaces.
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 1000000;
  keepalive_timeout 1h;
  client_body_temp_path body;
  server {
    listen ${port} backlog=4096;
    return 200 "ok";
  }
}
`;

/** Serves where the command `enter` leads, until `undo` runs; returns at once. */
export async function serveLoad(undo: Undo, enter: Argv, port = 80): Promise<void> {
  const dir = await mkdtemp(path.join(os.tmpdir(), "gwlb-nginx-"));
  undo.add("web server's folder", () => rm(dir, { recursive: true, force: true }));
  await writeFile(path.join(dir, "nginx.conf"), configuration(port));
  const argv = [...enter, "nginx", "-e", "stderr", "-p", dir, "-c", path.join(dir, "nginx.conf")];
  const child = start(argv, { stdio: ["ignore", "ignore", "inherit"] });
  undo.add("web server", async () => void child.kill("SIGTERM"));
}
