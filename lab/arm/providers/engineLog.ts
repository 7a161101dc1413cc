/** Words to the user beside a provider's answers: the engine shows them. */
import { type Client, credentials, makeClientConstructor } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import proto from "@pulumi/pulumi/proto/engine_pb";

const EngineClient = makeClientConstructor(EngineService, "Engine");

/** The engine's log; without an engine's address nobody is told. */
export class EngineLog {
  readonly #client: Client | undefined;

  constructor(address: string | undefined) {
    if (address !== undefined) {
      this.#client = new EngineClient(address, credentials.createInsecure());
    }
  }

  /** Shows a few words in the line of a resource. An engine that does not listen loses them. */
  status(urn: string, words: string): Promise<void> {
    const request = new proto.LogRequest()
      .setSeverity(proto.LogSeverity.INFO)
      .setUrn(urn)
      .setMessage(words)
      .setEphemeral(true);
    const log = (this.#client as Record<string, unknown> | undefined)?.log as
      | ((request: unknown, done: () => void) => void)
      | undefined;
    return new Promise((resolve) => {
      if (log === undefined) resolve();
      else log.call(this.#client, request, resolve);
    });
  }
}
