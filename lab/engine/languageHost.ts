/**
 * The engine's host for Node programs, started as `pulumi-language-nodejs ENGINE_ADDRESS`: it
 * prints its port and then runs what the engine asks it to run, with the SDK of the program.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import * as host from "@pulumi/pulumi/proto/language_grpc_pb";
import * as rpc from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { start } from "../run";
import { ALREADY_TOLD, pluginCall, programArgv, programEnv, runtimeOptions } from "./nodeProgram";
import { endWithParent } from "./parent";

type Unary<Request, Response> = (
  call: grpc.ServerUnaryCall<Request, Response>,
  answer: grpc.sendUnaryData<Response>,
) => void;

/** The programs that run now; they end when the engine cancels or gives up the call. */
const running = new Set<ReturnType<typeof start>>();

/** The SDK's own file, as the program would import it. */
function fromProgram(module: string, dir: string): string {
  return createRequire(path.join(dir, "package.json")).resolve(module);
}

function optionsOf(info: rpc.ProgramInfo | undefined): Record<string, unknown> {
  return (info?.getOptions()?.toJavaScript() ?? {}) as Record<string, unknown>;
}

function track(child: ReturnType<typeof start>): ReturnType<typeof start> {
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}

const run: Unary<rpc.RunRequest, rpc.RunResponse> = (call, answer) => {
  const { request } = call;
  const info = request.getInfo();
  const pwd = request.getPwd();
  const program = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    rootDirectory: info?.getRootDirectory() ?? pwd,
    pwd: info?.getProgramDirectory() || pwd,
    dryRun: request.getDryrun(),
    parallel: request.getParallel(),
    entryPoint: info?.getEntryPoint() || request.getProgram(),
    args: request.getArgsList(),
    config: Object.fromEntries(request.getConfigMap().toObject()),
    secretKeys: request.getConfigsecretkeysList(),
    options: runtimeOptions(optionsOf(info)),
  };
  let runner: string;
  try {
    runner = fromProgram("@pulumi/pulumi/cmd/run", program.pwd);
  } catch {
    const response = new rpc.RunResponse();
    response.setError(`${program.pwd} has no @pulumi/pulumi installed: npm ci`);
    return answer(null, response);
  }
  // The engine reads its host's output: the program prints to the same place.
  const child = track(
    start([process.execPath, ...programArgv(runner, program)], {
      cwd: program.pwd,
      env: { ...process.env, ...programEnv(program) },
      stdio: ["ignore", "inherit", "inherit"],
    }),
  );
  call.on("cancelled", () => child.kill());
  child.once("error", (cause) => answer(cause));
  child.once("close", (code, signal) => {
    const response = new rpc.RunResponse();
    if (code === ALREADY_TOLD) response.setBail(true);
    else if (code !== 0) {
      response.setError(`the program ended ${signal ? `by ${signal}` : `with exit code ${code}`}`);
    }
    answer(null, response);
  });
};

function runPlugin(call: grpc.ServerWritableStream<rpc.RunPluginRequest, rpc.RunPluginResponse>) {
  const { request } = call;
  const dir = request.getInfo()?.getProgramDirectory() || request.getProgram();
  const plugin = pluginCall(request.getKind(), dir, request.getArgsList());
  if (plugin === undefined) {
    const details = `Node plugins of kind "${request.getKind()}" are not run by this host`;
    call.destroy(Object.assign(new Error(details), { code: grpc.status.UNIMPLEMENTED, details }));
    return;
  }
  const env = Object.fromEntries(request.getEnvList().map((line) => splitOnce(line, "=")));
  const { nodeArgs } = runtimeOptions(optionsOf(request.getInfo()));
  const child = track(
    start([process.execPath, ...nodeArgs, fromProgram(plugin.runner, dir), ...plugin.argv], {
      cwd: request.getPwd() || dir,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  const forward = (set: (response: rpc.RunPluginResponse, chunk: Buffer) => void) => {
    return (chunk: Buffer) => {
      const response = new rpc.RunPluginResponse();
      set(response, chunk);
      call.write(response);
    };
  };
  child.stdout?.on(
    "data",
    forward((response, chunk) => response.setStdout(chunk)),
  );
  child.stderr?.on(
    "data",
    forward((response, chunk) => response.setStderr(chunk)),
  );
  call.on("cancelled", () => child.kill());
  child.once("error", (cause) => call.destroy(cause));
  child.once("close", (code) => {
    const response = new rpc.RunPluginResponse();
    response.setExitcode(code ?? 1);
    call.write(response);
    call.end();
  });
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

const about: Unary<rpc.AboutRequest, rpc.AboutResponse> = (_call, answer) => {
  const response = new rpc.AboutResponse();
  response.setExecutable(process.execPath);
  response.setVersion(process.version);
  answer(null, response);
};

const getProgramDependencies: Unary<
  rpc.GetProgramDependenciesRequest,
  rpc.GetProgramDependenciesResponse
> = ({ request }, answer) => {
  const dir = request.getInfo()?.getProgramDirectory() || request.getPwd();
  const file = path.join(dir, "package.json");
  const { dependencies = {} } = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as { dependencies?: Record<string, string> })
    : {};
  const response = new rpc.GetProgramDependenciesResponse();
  for (const [name, version] of Object.entries(dependencies)) {
    const dependency = new rpc.DependencyInfo();
    dependency.setName(name);
    dependency.setVersion(version);
    response.addDependencies(dependency);
  }
  answer(null, response);
};

/** A call whose answer holds nothing: npm has installed what there is to install. */
function empty<Request, Response>(response: Response): Unary<Request, Response> {
  return (_call, answer) => answer(null, response);
}

const cancel: Unary<Empty, Empty> = (_call, answer) => {
  endRunning();
  answer(null, new Empty());
};

function endRunning(): void {
  for (const child of running) child.kill();
}

const engineAddress = process.argv.slice(2).find((arg) => !arg.startsWith("-")) ?? "";

function main(): void {
  endWithParent(endRunning);
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  server.addService(host.LanguageRuntimeService, {
    handshake: empty(new rpc.LanguageHandshakeResponse()),
    getPluginInfo: empty(new PluginInfo()),
    getRequiredPackages: empty(new rpc.GetRequiredPackagesResponse()),
    getRequiredPlugins: empty(new rpc.GetRequiredPluginsResponse()),
    runtimeOptionsPrompts: empty(new rpc.RuntimeOptionsResponse()),
    installDependencies: (
      call: grpc.ServerWritableStream<unknown, rpc.InstallDependenciesResponse>,
    ) => call.end(),
    about,
    getProgramDependencies,
    run,
    runPlugin,
    cancel,
  });
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
}

main();
