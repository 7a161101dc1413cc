/** Ports of the end that opens the flow. */
import { portField } from "./ports";

export const sourcePorts = portField("source", "source port");
