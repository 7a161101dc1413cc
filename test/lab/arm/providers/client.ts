/** Speaks to a provider as the engine does: a process, a port on its stdout, gRPC. */
import { once } from "node:events";
import path from "node:path";
import { credentials, makeClientConstructor } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import proto from "@pulumi/pulumi/proto/provider_pb";
import type { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { fromStruct, toStruct } from "../../../../lab/arm/providers/values";
import type { Body } from "../../../../lab/arm/resource";
import { start } from "../../../../lab/run";

/** A resource as the engine keeps it between calls. */
export interface Kept {
  id: string;
  inputs: Body;
  state: Body;
}

/** A provider that runs. */
export interface Provider {
  configure(variables: Record<string, string>): Promise<{ supportsPreview: boolean }>;
  check(urn: string, news: Body, olds?: Body): Promise<{ inputs: Body; failures: string[] }>;
  diff(urn: string, old: Kept, news: Body): Promise<Planned>;
  create(urn: string, inputs: Body, preview?: boolean): Promise<Kept>;
  read(urn: string, id: string, old?: Kept): Promise<Kept>;
  update(urn: string, old: Kept, inputs: Body, preview?: boolean): Promise<Kept>;
  delete(urn: string, old: Kept): Promise<void>;
  invoke(token: string, args: Body): Promise<Body>;
  stop(): Promise<void>;
}

/** A plan in short: paths with `!` where they mean a replacement. */
export interface Planned {
  changed: boolean;
  paths: string[];
  replaces: string[];
  deleteBeforeReplace: boolean;
}

const Client = makeClientConstructor(ResourceProviderService, "ResourceProvider");

/** Starts `lab/arm/providers/NAME.ts` on a lab folder. */
export async function startProvider(name: string, lab: string): Promise<Provider> {
  const script = path.resolve("lab/arm/providers", `${name}.ts`);
  const child = start([process.execPath, "--require", "tsx/cjs", script], {
    env: { ...process.env, GWLB_LAB: lab },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.stdout === null) throw new Error("no stdout");
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const client = new Client(`127.0.0.1:${line.toString().trim()}`, credentials.createInsecure());
  const call = <T>(method: string, request: unknown): Promise<T> =>
    new Promise((resolve, reject) => {
      const invoke = client[method] as (
        request: unknown,
        done: (error: Error | null, response: T) => void,
      ) => void;
      invoke.call(client, request, (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
  return {
    ...callsOf(call),
    async stop() {
      client.close();
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

type Call = <T>(method: string, request: unknown) => Promise<T>;

function callsOf(call: Call): Omit<Provider, "stop"> {
  return {
    async configure(variables) {
      const request = new proto.ConfigureRequest();
      for (const [key, value] of Object.entries(variables))
        request.getVariablesMap().set(key, value);
      const response = await call<InstanceType<typeof proto.ConfigureResponse>>(
        "configure",
        request,
      );
      return { supportsPreview: response.getSupportspreview() };
    },
    async check(urn, news, olds = {}) {
      const request = new proto.CheckRequest()
        .setUrn(urn)
        .setNews(toStruct(news))
        .setOlds(toStruct(olds))
        .setRandomseed(Buffer.from("0123456789abcdef"));
      const response = await call<InstanceType<typeof proto.CheckResponse>>("check", request);
      return {
        inputs: fromStruct(response.getInputs()),
        failures: response.getFailuresList().map((failure) => failure.getReason()),
      };
    },
    async diff(urn, old, news) {
      const request = new proto.DiffRequest()
        .setUrn(urn)
        .setId(old.id)
        .setOlds(toStruct(old.state))
        .setOldInputs(toStruct(old.inputs))
        .setNews(toStruct(news));
      const response = await call<InstanceType<typeof proto.DiffResponse>>("diff", request);
      const { ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE } = proto.PropertyDiff.Kind;
      const replacing: number[] = [ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE];
      const paths: string[] = [];
      response.getDetaileddiffMap().forEach((detail, at) => {
        paths.push(`${at}${replacing.includes(detail.getKind()) ? "!" : ""}`);
      });
      return {
        changed: response.getChanges() === proto.DiffResponse.DiffChanges.DIFF_SOME,
        paths: paths.sort(),
        replaces: response.getReplacesList(),
        deleteBeforeReplace: response.getDeletebeforereplace(),
      };
    },
    async create(urn, inputs, preview = false) {
      const request = new proto.CreateRequest()
        .setUrn(urn)
        .setProperties(toStruct(inputs))
        .setPreview(preview);
      const response = await call<InstanceType<typeof proto.CreateResponse>>("create", request);
      return { id: response.getId(), inputs, state: fromStruct(response.getProperties()) };
    },
    async read(urn, id, old) {
      const request = new proto.ReadRequest().setUrn(urn).setId(id);
      if (old !== undefined) {
        request.setInputs(toStruct(old.inputs)).setProperties(toStruct(old.state));
      }
      const response = await call<InstanceType<typeof proto.ReadResponse>>("read", request);
      return {
        id: response.getId(),
        inputs: fromStruct(response.getInputs()),
        state: fromStruct(response.getProperties()),
      };
    },
    async update(urn, old, inputs, preview = false) {
      const request = new proto.UpdateRequest()
        .setUrn(urn)
        .setId(old.id)
        .setOlds(toStruct(old.state))
        .setOldInputs(toStruct(old.inputs))
        .setNews(toStruct(inputs))
        .setPreview(preview);
      const response = await call<InstanceType<typeof proto.UpdateResponse>>("update", request);
      return { id: old.id, inputs, state: fromStruct(response.getProperties()) };
    },
    async delete(urn, old) {
      const request = new proto.DeleteRequest()
        .setUrn(urn)
        .setId(old.id)
        .setProperties(toStruct(old.state));
      await call<Empty>("delete", request);
    },
    async invoke(token, args) {
      const request = new proto.InvokeRequest().setTok(token).setArgs(toStruct(args));
      const response = await call<InstanceType<typeof proto.InvokeResponse>>("invoke", request);
      return fromStruct(response.getReturn());
    },
  };
}
