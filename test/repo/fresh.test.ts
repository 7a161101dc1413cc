import assert from "node:assert/strict";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { builtProgram, ENGINE, YAML_HOST } from "../../lab/engine/build";
import { run, start } from "../../lab/run";
import { README } from "../fresh/run";
import { neededBy } from "../support/bring";
import { freshUser } from "../support/freshUser";
import { read, root } from "../support/sources";

const dir = mkdtempSync(path.join(tmpdir(), "gwlb-fresh-test-"));
after(() => rm(dir, { recursive: true, force: true }));

describe("a fresh run", () => {
  const own = path.join(dir, "own");
  const environment = (env: NodeJS.ProcessEnv) => freshUser("/new", { HOME: own, ...env });

  test("keeps its files in its home, whatever the caller's caches are", () => {
    const caches = { GOMODCACHE: "/g", npm_config_cache: "/n", XDG_CACHE_HOME: "/x" };
    const { HOME, XDG_CACHE_HOME, ...env } = environment({ ...caches, PULUMI_HOME: "/p" });
    assert.equal(HOME, "/new");
    assert.equal(XDG_CACHE_HOME, undefined);
    assert.equal(env.PULUMI_HOME, undefined);
    for (const name of ["GOPATH", "GOMODCACHE", "GOCACHE", "PIP_CACHE_DIR", "npm_config_cache"]) {
      assert.ok(env[name]?.startsWith("/new/"), name);
    }
  });

  test("asks the registries that the machine asks, by variable or by file", () => {
    const named = { NPM_CONFIG_REGISTRY: "https://npm.example", GOPROXY: "https://go.example" };
    const files = { npm_config_userconfig: "/etc/own-npmrc", PIP_CONFIG_FILE: "/etc/own-pip" };
    const byVariable = environment({ ...named, ...files });
    for (const [name, value] of Object.entries({ ...named, ...files })) {
      assert.equal(byVariable[name], value, name);
    }
    mkdirSync(path.join(own, ".config/go"), { recursive: true });
    for (const file of [".npmrc", ".config/go/env"]) writeFileSync(path.join(own, file), "");
    const byFile = environment({});
    assert.equal(byFile.npm_config_userconfig, path.join(own, ".npmrc"));
    assert.equal(byFile.GOENV, path.join(own, ".config/go/env"));
    assert.equal(byFile.PIP_CONFIG_FILE, undefined);
  });

  test("has no word of npm's about the run that starts it", () => {
    const { npm_lifecycle_event, npm_config_local_prefix, INIT_CWD, PATH } = environment({
      ...{ npm_lifecycle_event: "test:fresh", npm_config_local_prefix: root, INIT_CWD: root },
      PATH: `${root}/node_modules/.bin:/usr/bin`,
    });
    assert.deepEqual(
      { npm_lifecycle_event, npm_config_local_prefix, INIT_CWD, PATH },
      {
        ...{ npm_lifecycle_event: undefined, npm_config_local_prefix: undefined },
        ...{ INIT_CWD: undefined, PATH: "/usr/bin" },
      },
    );
  });

  test("runs commands that README has", () => {
    const text = read("README.md");
    for (const command of README) assert.ok(text.includes(command), command);
  });
});

describe("npm run test:fresh", () => {
  const keep = path.join(dir, "seen");
  const look = path.join(dir, "look.js");
  writeFileSync(
    look,
    `const fs = require("node:fs");
    const seen = { cwd: process.cwd(), home: process.env.HOME, files: fs.readdirSync(process.env.HOME) };
    fs.writeFileSync(${JSON.stringify(keep)}, JSON.stringify(seen));`,
  );
  const argv = (...phases: string[]) => {
    return [process.execPath, "-r", "tsx/cjs", path.join(root, "test/fresh/run.ts"), ...phases];
  };
  const temporary = path.join(dir, "tmp");
  mkdirSync(temporary);
  const options = { cwd: root, env: { ...process.env, TMPDIR: temporary } };
  const left = () => readdirSync(temporary).filter((name) => name.startsWith("gwlb-fresh-"));

  test("runs each command in the clone, says how long it took, and leaves nothing", async () => {
    const { stdout } = await run(argv(`node ${look}`, "git log -1 --format=%H"), options);
    const seen = JSON.parse(readFileSync(keep, "utf8")) as Record<string, unknown>;
    assert.deepEqual(seen.files, []);
    assert.ok(!existsSync(String(seen.home)));
    const head = await run(["git", "rev-parse", "HEAD"], { cwd: root });
    assert.ok(stdout.includes(head.stdout));
    assert.match(stdout, /^✔ node .*look\.js: \d+\.\d s\n✔ git log -1 --format=%H: \d+\.\d s\n/m);
    assert.deepEqual(left(), []);
  });

  test("ends at the first command that fails, with its exit code", async () => {
    const { code, stdout } = await run(argv("false", `node ${look}`), { ...options, allowed: [1] });
    assert.equal(code, 1);
    assert.match(stdout, /^✖ false: \d+\.\d s\n$/m);
    assert.deepEqual(left(), []);
  });

  test("ends its command and leaves nothing when it is told to stop", async () => {
    const child = start(argv("sleep 600"), { ...options, stdio: ["ignore", "pipe", "inherit"] });
    for await (const chunk of child.stdout ?? []) if (String(chunk).includes("== sleep")) break;
    child.kill("SIGTERM");
    const [code] = (await once(child, "close")) as [number];
    assert.equal(code, 143);
    assert.deepEqual(left(), []);
  });
});

describe("before the first test", () => {
  const bin = path.join(dir, "bin");
  const cache = path.join(dir, "cache");
  /** Says that it is new enough, and makes an empty program where the arguments say. */
  const go = `#!/bin/sh
[ "$1" = version ] && { echo go version go1.26.0 linux/amd64; exit; }
while [ "$1" != -o ]; do shift; done
mkdir -p "$(dirname "$2")"
: >"$2"
`;
  mkdirSync(bin);
  writeFileSync(path.join(bin, "go"), go, { mode: 0o755 });

  test("the engine and its host for YAML are there: in a box is no network to build them by", async () => {
    const script = 'require("./test/support/bring").bring(["engine", "yamlHost"])';
    await run([process.execPath, "-r", "tsx/cjs", "-e", script], {
      cwd: root,
      env: { HOME: dir, XDG_CACHE_HOME: cache, PATH: `${bin}:/usr/bin:/bin` },
    });
    for (const program of [ENGINE, YAML_HOST]) {
      assert.ok(existsSync(builtProgram(program, path.join(cache, "azure-gwlb"))), program.title);
    }
  });

  test("only what the chosen tests need is built", () => {
    const needed = (...sources: string[]) => neededBy(sources);
    const imports = (name: string) => `import { Thing } from "../support/${name}";`;
    assert.deepEqual(needed(imports("guest")), ["machine"]);
    assert.deepEqual(needed(imports("lab"), imports("packed")), ["engine"]);
    assert.deepEqual(needed(imports("lab"), "examples/yaml-consumer"), ["engine", "yamlHost"]);
    assert.deepEqual(needed(imports("fleetLab")), ["engine", "machine", "load"]);
    assert.deepEqual(needed(imports("sources")), []);
  });
});
