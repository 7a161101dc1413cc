/** POST: operations on machines. */
import { MACHINE_ACTIONS, type MachineAction } from "../../compute/machineState";
import { ArmError } from "../errors";
import { keyOf, parseId, typeOf } from "../ids";
import type { Answer, RestRequest } from "./request";

/** Answers an action, which is the last segment of its path; undefined for other methods. */
export async function actOn(request: RestRequest): Promise<Answer | undefined> {
  const { method, segments, arm, query } = request;
  if (method !== "POST") return undefined;
  const target = `/${segments.slice(0, -1).join("/")}`;
  const wanted = segments.at(-1) ?? "";
  const id = parseId(target);
  const type = id === undefined ? "" : keyOf(typeOf(id));
  const action = MACHINE_ACTIONS.find((known) => keyOf(known) === keyOf(wanted));
  if (type !== "microsoft.compute/virtualmachines" || action === undefined) {
    throw new ArmError(
      404,
      "NotFound",
      `The embedded Azure does not know the action '${wanted}' of ${type || "this path"}.`,
    );
  }
  await arm.need(target);
  await arm.action(target, action satisfies MachineAction, {
    skipShutdown: query.get("skipShutdown")?.toLowerCase() === "true",
  });
  return { status: 200 };
}
