/** A provider process: serves the engine's calls and tells it the port. */
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { endWithParent } from "../../engine/parent";

/** Answers one kind of call; a rejection is shown to the user as its message. */
export type Handler = (request: never) => Promise<unknown>;

/** Messages of policies and plugins stay small; a customData and a userData fit well. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Serves until the engine goes away. Handlers are named as in the service, e.g. `check`. */
export function serve(handlers: Record<string, Handler>): void {
  const implementation: UntypedServiceImplementation = {};
  for (const name of Object.keys(ResourceProviderService)) {
    implementation[name] = unary(handlers[name] ?? (() => Promise.reject(unimplemented(name))));
  }
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  server.addService(ResourceProviderService, implementation);
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    process.stdout.write(`${port}\n`);
  });
  endWithParent();
}

const unary =
  (handler: Handler): handleUnaryCall<unknown, unknown> =>
  (call, callback) => {
    handler(call.request as never).then(
      (response) => callback(null, response),
      (error: Partial<ServiceError>) =>
        callback({
          name: "Error",
          code: error.code ?? status.UNKNOWN,
          details: error.message,
          message: error.message ?? String(error),
          metadata: error.metadata,
        }),
    );
  };

const unimplemented = (name: string) =>
  Object.assign(new Error(`${name} is not implemented`), { code: status.UNIMPLEMENTED });
