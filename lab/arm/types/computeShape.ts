/** The common part of virtual machines and scale sets. */
import { flag, idSet, readOnly, record, text } from "../schema";
import type { NameForm } from "./definition";

/** Names of machines and of what makes them. */
export const machineName: NameForm = {
  max: 64,
  pattern: /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/,
  words:
    "letters, digits, underscores, periods and hyphens; it begins with a letter or digit and does not end with a period or hyphen",
};

/** The identity of a machine, and the plan that it was bought by. */
export const machineEnvelope = {
  identity: record({
    type: text("SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned", "None"),
    userAssignedIdentities: idSet,
    principalId: readOnly(text()),
    tenantId: readOnly(text()),
  }),
  plan: record({ name: text(), product: text(), promotionCode: text(), publisher: text() }),
};

export const capabilities = record({ hibernationEnabled: flag, ultraSSDEnabled: flag });

/** Settings of an interface that a scale set's model gives it, too. */
export const interfaceSettings = {
  auxiliaryMode: text("None", "MaxConnections", "Floating", "AcceleratedConnections"),
  auxiliarySku: text("None", "A1", "A2", "A4", "A8"),
  disableTcpStateTracking: flag,
  enableAcceleratedNetworking: flag,
  enableIPForwarding: flag,
};
