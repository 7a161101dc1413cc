/** Several NVAs instead of one: a scale set, with every field that a fleet has. */
import { type FleetArgs, FleetScaleIn } from "azure-gwlb";

export const fleet: FleetArgs = {
  capacity: 2,
  zones: ["1", "2", "3"],
  autoscale: {
    minimum: 2,
    maximum: 6,
    scaleOutCpuPercent: 70,
    scaleInCpuPercent: 25,
    scaleOutMbps: 2000,
    scaleInMbps: 800,
    step: 2,
    windowMinutes: 10,
    cooldownMinutes: 10,
  },
  upgrade: {
    batchPercent: 25,
    unhealthyPercent: 40,
    unhealthyUpgradedPercent: 10,
    pauseSeconds: 30,
    surge: true,
  },
  health: { intervalSeconds: 10, probes: 2, bootSeconds: 900 },
  repairs: { enabled: true, graceMinutes: 20 },
  terminateNoticeMinutes: 10,
  scaleIn: FleetScaleIn.OldestVM,
  // The one VM of `nva` stays beside the scale set.
  keepNva: true,
};
