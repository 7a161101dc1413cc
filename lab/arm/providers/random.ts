/**
 * The stand-in for `pulumi-resource-random`. It keeps nothing: a random value lives in the stack's
 * state, and every change of an input makes a new one. Which outputs are secret says the SDK.
 */
import plugin from "@pulumi/pulumi/proto/plugin_pb";
import proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Body } from "../resource";
import { randomSchema } from "./packageSchema";
import { type RandomType, randomTypes } from "./randomValues";
import { type Handler, serve } from "./serve";
import { changesOf, fromStruct, isUnknown, toStruct, UNKNOWN } from "./values";

/** Version of the random package that is played. */
export const VERSION = "4.21.2";

type Check = InstanceType<typeof proto.CheckRequest>;
type Diff = InstanceType<typeof proto.DiffRequest>;
type Create = InstanceType<typeof proto.CreateRequest>;
type Read = InstanceType<typeof proto.ReadRequest>;

const handlers: Record<string, Handler> = {
  handshake: async () => new proto.ProviderHandshakeResponse(),
  getPluginInfo: async () => new plugin.PluginInfo().setVersion(VERSION),
  getSchema: async () => new proto.GetSchemaResponse().setSchema(randomSchema(VERSION)),
  checkConfig: async (request: Check) => new proto.CheckResponse().setInputs(request.getNews()),
  diffConfig: async () => new proto.DiffResponse(),
  configure: async () => new proto.ConfigureResponse().setSupportspreview(true),
  check: async (request: Check) => check(request),
  diff: async (request: Diff) => diff(request),
  create: async (request: Create) => create(request),
  read: async (request: Read) =>
    new proto.ReadResponse()
      .setId(request.getId())
      .setProperties(request.getProperties())
      .setInputs(request.getInputs()),
  delete: async () => new Empty(),
  cancel: async () => new Empty(),
  getMapping: async () => new proto.GetMappingResponse(),
};

function typeOfUrn(urn: string): RandomType {
  const token = urn.split("::")[2]?.split("$").pop() ?? "";
  const type = randomTypes[token];
  if (type === undefined) throw new Error(`the embedded random provider does not know '${token}'`);
  return type;
}

function check(request: Check) {
  const type = typeOfUrn(request.getUrn());
  const inputs = fromStruct(request.getNews());
  return new proto.CheckResponse()
    .setInputs(toStruct(inputs))
    .setFailuresList(
      problemsOf(type, inputs).map(([property, reason]) =>
        new proto.CheckFailure().setProperty(property).setReason(reason),
      ),
    );
}

/** Missing, unknown and wrongly typed inputs. */
function problemsOf(type: RandomType, inputs: Body): [property: string, reason: string][] {
  const known = Object.entries(type.inputs);
  const missing = known
    .filter(([name, kind]) => kind.endsWith("!") && inputs[name] === undefined)
    .map(([name]): [string, string] => [name, `missing required property '${name}'`]);
  const wrong = Object.entries(inputs).flatMap(([name, value]): [string, string][] => {
    const kind = type.inputs[name]?.replace("!", "");
    if (name.startsWith("__") || isUnknown(value)) return [];
    if (kind === undefined) return [[name, `unknown property '${name}'`]];
    const got = kind === "map" ? "object" : kind;
    return typeof value === got ? [] : [[name, `'${name}' must be a ${kind}, got ${typeof value}`]];
  });
  return [...missing, ...wrong];
}

/** Any change of an input makes a new value; the old one stays until the new one is in use. */
function diff(request: Diff) {
  const changes = changesOf(fromStruct(request.getOldInputs()), fromStruct(request.getNews()));
  const response = new proto.DiffResponse().setHasdetaileddiff(true);
  const { Kind } = proto.PropertyDiff;
  const kinds = { add: Kind.ADD_REPLACE, delete: Kind.DELETE_REPLACE, update: Kind.UPDATE_REPLACE };
  for (const { path, kind } of changes) {
    const detail = new proto.PropertyDiff().setKind(kinds[kind]).setInputdiff(true);
    response.getDetaileddiffMap().set(path, detail);
  }
  const names = [...new Set(changes.map(({ path }) => path.split(/[.[]/)[0] ?? path))];
  const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
  return response
    .setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setDiffsList(names)
    .setReplacesList(names);
}

function create(request: Create) {
  const type = typeOfUrn(request.getUrn());
  const inputs = { ...type.defaults, ...fromStruct(request.getProperties()) };
  if (request.getPreview()) {
    const unknown = Object.fromEntries(type.outputs.map((name) => [name, UNKNOWN]));
    return new proto.CreateResponse().setProperties(toStruct({ ...inputs, ...unknown }));
  }
  const { id, outputs } = type.make(inputs);
  return new proto.CreateResponse().setId(id).setProperties(toStruct({ ...inputs, ...outputs }));
}

if (require.main === module) serve(handlers);
