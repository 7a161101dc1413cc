/**
 * The stand-in for `pulumi-resource-azure-native`: the engine speaks to it as to the real one,
 * and behind it is the store of the lab named by GWLB_LAB.
 */
import plugin from "@pulumi/pulumi/proto/plugin_pb";
import proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { openArm } from "../../openArm";
import { labPaths } from "../../paths";
import { type Arm, ArmError } from "../arm";
import { formatArmError } from "../errors";
import { foresee } from "../foresee";
import { resourceGroupId } from "../ids";
import { callerOf, DEFAULT_SUBSCRIPTION } from "../principals";
import { asText, type Body } from "../resource";
import { isSimulated, type ResourceType, typeOfToken } from "../types";
import { type Autonaming, checkInputs } from "./checkInputs";
import { planOf } from "./diffInputs";
import { EngineLog } from "./engineLog";
import { invoke } from "./invokes";
import { azureNativeSchema } from "./packageSchema";
import { refreshedInputs } from "./refreshInputs";
import { idOf, pathOf } from "./resourceId";
import { previewOf, toArm, toInputs, toSdk } from "./sdkShape";
import { type Handler, serve } from "./serve";
import { fromStruct, isKnownAt, toStruct } from "./values";

/** Version of azure-native that is played. */
export const VERSION = "3.28.0";

/** Beside a resource that the lab keeps and nothing more. */
const DECLARED = "declared, not simulated";

interface Config {
  subscription: string;
  location?: string;
  clientId?: string;
}

/** One provider configuration: the engine starts a process for each. */
class AzureNative {
  #config: Config = { subscription: DEFAULT_SUBSCRIPTION };
  #arm: Arm | undefined;
  readonly #engine = new EngineLog(process.argv[2]);

  get arm(): Arm {
    const lab = labPaths(process.env.GWLB_LAB ?? ".lab");
    this.#arm ??= openArm(lab, { caller: callerOf(this.#config) });
    return this.#arm;
  }

  handlers(): Record<string, Handler> {
    return {
      handshake: async () =>
        new proto.ProviderHandshakeResponse().setSupportsAutonamingConfiguration(true),
      getPluginInfo: async () => new plugin.PluginInfo().setVersion(VERSION),
      getSchema: async () => new proto.GetSchemaResponse().setSchema(azureNativeSchema(VERSION)),
      checkConfig: async (request: Check) => new proto.CheckResponse().setInputs(request.getNews()),
      diffConfig: async () => new proto.DiffResponse(),
      configure: (request: Configure) => this.#configure(request),
      check: (request: Check) => this.#check(request),
      diff: (request: Diff) => this.#diff(request),
      create: (request: Create) => told(this.#create(request)),
      read: (request: Read) => told(this.#read(request)),
      update: (request: Update) => told(this.#update(request)),
      delete: (request: Delete) => told(this.#delete(request)),
      invoke: (request: Invoke) => told(this.#invoke(request)),
      cancel: async () => new Empty(),
      getMapping: async () => new proto.GetMappingResponse(),
    };
  }

  async #configure(request: Configure) {
    const variables = request.getVariablesMap();
    const of = (name: string): string | undefined => {
      const value: string | undefined = variables.get(`azure-native:config:${name}`);
      return value === undefined || value === "" ? undefined : value;
    };
    const subscription = of("subscriptionId") ?? DEFAULT_SUBSCRIPTION;
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(subscription)) {
      throw new Error(`azure-native:subscriptionId '${subscription}' is not a GUID`);
    }
    this.#config = { subscription, location: of("location"), clientId: of("clientId") };
    return new proto.ConfigureResponse()
      .setSupportspreview(true)
      .setSupportsAutonamingConfiguration(true);
  }

  async #check(request: Check) {
    const type = typeOfUrn(request.getUrn());
    if (!isSimulated(type.type)) await this.#engine.status(request.getUrn(), DECLARED);
    const { inputs, problems } = await checkInputs(fromStruct(request.getNews()), {
      type,
      urn: request.getUrn(),
      olds: fromStruct(request.getOlds()),
      seed: request.getRandomseed_asU8(),
      autonaming: autonamingOf(request),
      location: this.#config.location,
      groupLocation: async (name) =>
        asText((await this.arm.get(resourceGroupId(this.#config.subscription, name)))?.location),
    });
    return new proto.CheckResponse()
      .setInputs(toStruct(inputs))
      .setFailuresList(problems.map((reason) => new proto.CheckFailure().setReason(reason)));
  }

  async #diff(request: Diff) {
    const type = typeOfUrn(request.getUrn());
    const plan = planOf(
      type,
      fromStruct(request.getOldInputs()),
      fromStruct(request.getNews()),
      fromStruct(request.getOlds()),
    );
    return diffResponse(plan);
  }

  async #create(request: Create) {
    const type = typeOfUrn(request.getUrn());
    const inputs = fromStruct(request.getProperties());
    if (request.getPreview()) {
      this.#foresee(type, inputs);
      return new proto.CreateResponse().setProperties(toStruct(previewed(type, inputs)));
    }
    const id = idOf(type, inputs, this.#config.subscription);
    if ((await this.arm.get(id)) !== undefined) {
      throw new Error(`cannot create already existing resource '${id}'`);
    }
    const made = await this.arm.put(id, toArm(type.shape, inputs, id));
    const shown = (await this.arm.get(made.id)) ?? made;
    return new proto.CreateResponse()
      .setId(made.id)
      .setProperties(toStruct(outputsOf(type, shown)));
  }

  async #read(request: Read) {
    const type = typeOfUrn(request.getUrn());
    const found = await this.arm.get(request.getId());
    if (found === undefined) return new proto.ReadResponse().setId("");
    const outputs = outputsOf(type, found);
    const known = request.getInputs();
    const inputs =
      known === undefined || known.getFieldsMap().getLength() === 0
        ? {
            ...pathOf(type, found.id),
            ...toInputs(type.shape, outputs),
            azureApiVersion: type.apiVersion,
          }
        : refreshedInputs(
            type.shape,
            fromStruct(known),
            fromStruct(request.getProperties()),
            outputs,
          );
    return new proto.ReadResponse()
      .setId(found.id)
      .setProperties(toStruct(outputs))
      .setInputs(toStruct(inputs));
  }

  async #update(request: Update) {
    const type = typeOfUrn(request.getUrn());
    const inputs = fromStruct(request.getNews());
    if (request.getPreview()) {
      this.#foresee(type, inputs, request.getId());
      const state = fromStruct(request.getOlds());
      const kept = Object.fromEntries(
        ["name", "location"].filter((name) => name in state).map((name) => [name, state[name]]),
      );
      return new proto.UpdateResponse().setProperties(
        toStruct({ ...previewed(type, inputs), ...kept }),
      );
    }
    const id = request.getId();
    const body = toArm(type.shape, inputs, id);
    const before = await this.arm.get(id);
    maintain(type, body, inputs, before);
    await this.arm.put(id, body);
    const shown = await this.arm.get(id);
    return new proto.UpdateResponse().setProperties(toStruct(outputsOf(type, shown ?? {})));
  }

  /** Refuses in a preview what Azure will refuse whatever else is deployed before. */
  #foresee(type: ResourceType, inputs: Body, existing?: string): void {
    const id = existing ?? idOf(type, inputs, this.#config.subscription);
    const refused = foresee(type, id, toArm(type.shape, inputs, id), {
      existing: existing === undefined ? undefined : this.arm.look((world) => world.get(existing)),
      isKnown: (target) => isKnownAt(inputs, target),
    });
    if (refused !== undefined) throw refused;
  }

  async #delete(request: Delete) {
    try {
      await this.arm.delete(request.getId());
    } catch (error) {
      // The provider takes whatever is not found for deleted.
      if (!(error instanceof ArmError) || error.status !== 404) throw error;
    }
    return new Empty();
  }

  async #invoke(request: Invoke) {
    const args = fromStruct(request.getArgs());
    const result = await invoke(request.getTok(), args, this.arm, callerOf(this.#config));
    return new proto.InvokeResponse().setReturn(toStruct(result));
  }
}

type Configure = InstanceType<typeof proto.ConfigureRequest>;
type Check = InstanceType<typeof proto.CheckRequest>;
type Diff = InstanceType<typeof proto.DiffRequest>;
type Create = InstanceType<typeof proto.CreateRequest>;
type Read = InstanceType<typeof proto.ReadRequest>;
type Update = InstanceType<typeof proto.UpdateRequest>;
type Delete = InstanceType<typeof proto.DeleteRequest>;
type Invoke = InstanceType<typeof proto.InvokeRequest>;

/** Azure's refusals in azure-native's words. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof ArmError ? new Error(formatArmError(error)) : error;
  }
}

/** The type in a URN, e.g. `urn:pulumi:dev::p::parent$azure-native:network:Subnet::name`. */
function typeOfUrn(urn: string): ResourceType {
  const token = urn.split("::")[2]?.split("$").pop() ?? "";
  const answer = typeOfToken(token);
  if ("type" in answer) return answer.type;
  const why = answer.why === "" ? "" : `: ${answer.why}`;
  throw new Error(`the embedded Azure does not know resource type '${token}'${why}`);
}

const outputsOf = (type: ResourceType, resource: Body): Body => ({
  ...toSdk(type.shape, resource),
  azureApiVersion: type.apiVersion,
});

const previewed = (type: ResourceType, inputs: Body): Body => ({
  ...previewOf(type.shape, inputs),
  azureApiVersion: type.apiVersion,
});

/** Sub-resources that the program does not say stay as they are. */
function maintain(type: ResourceType, body: Body, inputs: Body, before: Body | undefined): void {
  const old = (before?.properties ?? {}) as Body;
  for (const [name, prop] of Object.entries(type.shape.fields ?? {})) {
    if (!prop.maintain || inputs[name] !== undefined || old[name] === undefined) continue;
    (body.properties as Body)[name] = old[name];
  }
}

function autonamingOf(request: Check): Autonaming | undefined {
  const options = request.getAutonaming();
  if (options === undefined) return undefined;
  const modes = { 0: "propose", 1: "enforce", 2: "disable" } as const;
  return { mode: modes[options.getMode()], name: options.getProposedName() };
}

function diffResponse({ changes, deleteBeforeReplace }: ReturnType<typeof planOf>) {
  const response = new proto.DiffResponse().setHasdetaileddiff(true);
  const { Kind } = proto.PropertyDiff;
  const kinds = {
    add: [Kind.ADD, Kind.ADD_REPLACE],
    delete: [Kind.DELETE, Kind.DELETE_REPLACE],
    update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
  } as const;
  for (const { path: at, kind, replace } of changes) {
    const detail = new proto.PropertyDiff()
      .setKind(kinds[kind][replace ? 1 : 0])
      .setInputdiff(true);
    response.getDetaileddiffMap().set(at, detail);
  }
  const top = (at: string) => at.split(/[.[]/)[0] ?? at;
  const unique = (paths: string[]) => [...new Set(paths.map(top))];
  const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
  return response
    .setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setDiffsList(unique(changes.map((change) => change.path)))
    .setReplacesList(unique(changes.filter((change) => change.replace).map((c) => c.path)))
    .setDeletebeforereplace(deleteBeforeReplace);
}

if (require.main === module) serve(new AzureNative().handlers());
